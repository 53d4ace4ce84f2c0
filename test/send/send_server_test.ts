/** Plugin `send` in real processes: tokens, both versions, and a kill -9 in between. */
import assert from "node:assert/strict";
import { checkLedger } from "../../core/audit/check/check.ts";
import { Tokens } from "../../core/token/token.ts";
import { CloseCode, Opcode, Result } from "../../core/wire/codes.ts";
import { Field, writeClaimRequest, writeLoginRequest } from "../../core/wire/version0.ts";
import { writeFrame } from "../../core/wire/frame_codec.ts";
import { frames, Opcode1 } from "../../core/wire/v1/frames.ts";
import { writeClaim, writeLogin } from "../../core/wire/v1/writers.ts";
import { FrameSocket } from "../frame_socket.ts";
import { startServer } from "../processes.ts";

const SECRET = "000102030405060708090a0b0c0d0e0f";
const tokens = new Tokens({ keys: [{ id: 7, secret: Uint8Array.fromHex(SECRET) }], event: "e2e" });
const NEVER_MS = 9e15;

/** A user on a real socket, of either version. */
class User implements Disposable {
  readonly #socket: FrameSocket;

  private constructor(socket: FrameSocket) {
    this.#socket = socket;
  }

  /** Connects and says the first frame. */
  static async connect(port: number, login: (view: DataView) => number): Promise<User> {
    const user = new User(await FrameSocket.connect(port));
    await user.write(login);
    return user;
  }

  write(write: (view: DataView) => number): Promise<void> {
    return this.#socket.write(write);
  }

  /** The next frame, which must be of this kind; a notice may come again about the time of a login. */
  async read(opcode: number): Promise<DataView> {
    for (;;) {
      const view = await this.#socket.read();
      if (view.getUint16(2) === Opcode.sendNotice && opcode !== Opcode.sendNotice) continue;
      assert.equal(view.getUint16(2), opcode);
      return view;
    }
  }

  isClosed(): Promise<boolean> {
    return this.#socket.isClosed();
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

const login1 = (user: number, token = tokens.make(user, NEVER_MS)) => (view: DataView) =>
  writeLogin(view, 0, 0, user, token);

Deno.test({
  name: "a packet is sent, claimed by both versions, and survives a kill -9; forged tokens are told so",
  ignore: Deno.build.os !== "linux",
}, async () => {
  const directory = await Deno.makeTempDir();
  const keys = `${directory}/keys.txt`;
  await Deno.writeTextFile(keys, `7 ${SECRET}\n`);
  const flags = ["--engine", "epoll", "--workers", "2", "--plugins", "throttle,shake,send"];
  flags.push("--ledger", `${directory}/ledger`);
  let packetId: number;
  let amountFen: number;
  {
    await using server = await startServer([...flags, "--token-keys", keys, "--event", "e2e"]);
    await server.post("/fund", { users: [1, 1], amountFen: 500 });
    using forger = await User.connect(server.port, login1(1, tokens.make(2, NEVER_MS)));
    const close = await forger.read(Opcode1.close);
    assert.equal(close.getUint32(frames.close.at.code), CloseCode.tokenForged);
    using anybody = await User.connect(server.port, (view) => writeLoginRequest(view, 0, 0, 2));
    assert.ok(await anybody.isClosed(), "a login of version 0 shows no token");
    using other = await User.connect(server.port, login1(2));
    await other.read(Opcode1.loginResult);
    using sender = await User.connect(server.port, login1(1));
    await sender.read(Opcode1.loginResult);
    await sender.write((view) =>
      writeFrame(frames.send, view, 0, 0, {
        requestId: 1,
        amountFen: 500,
        shares: 2,
        mode: 1,
        group: 0,
        users: [2, 3],
      })
    );
    const sent = await sender.read(Opcode1.sendResult);
    assert.equal(sent.getUint32(frames.sendResult.at.result), Result.ok);
    packetId = sent.getUint32(frames.sendResult.at.packetId);
    const notice = await other.read(Opcode1.notice);
    assert.equal(notice.getUint32(frames.notice.at.packetId), packetId);
    await other.write((view) => writeClaim(view, 0, 0, packetId));
    amountFen = (await other.read(Opcode1.claimResult)).getUint32(frames.claimResult.at.amountFen);
    assert.ok(amountFen > 0 && amountFen < 500);
    server.running.process.kill("SIGKILL");
  }
  // Without keys version 0 may come in again.
  await using server = await startServer([...flags, "--set-size", "100"]);
  using late = await User.connect(server.port, login1(3));
  await late.read(Opcode1.loginResult);
  assert.equal((await late.read(Opcode1.notice)).getUint32(frames.notice.at.packetId), packetId);
  await late.write((view) => writeClaim(view, 0, 0, packetId));
  const claimed = await late.read(Opcode1.claimResult);
  assert.deepEqual(
    [claimed.getUint32(frames.claimResult.at.result), claimed.getUint32(frames.claimResult.at.amountFen)],
    [Result.ok, 500 - amountFen],
  );
  using again = await User.connect(server.port, (view) => writeLoginRequest(view, 0, 0, 2));
  await again.read(Opcode.loginResponse);
  await again.write((view) => writeClaimRequest(view, 0, 0, 2, packetId));
  assert.equal((await again.read(Opcode.claimResponse)).getUint32(Field.claimedAmount), amountFen);
  server.running.process.kill("SIGTERM");
  assert.equal(await server.running.ended(), 0);
  const { problems, balances } = checkLedger(`${directory}/ledger`);
  assert.deepEqual([problems, balances.sourceFen, balances.userFen], [[], -500, 500]);
  await Deno.remove(directory, { recursive: true });
});
