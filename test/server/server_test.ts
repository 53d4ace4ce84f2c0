/** `redpkt server` as a real process, over real sockets. */
import assert from "node:assert/strict";
import { ShakeResult } from "../../core/wire/codes.ts";
import { FRAME_BYTES, writeLoginRequest, writeShakeRequest } from "../../core/wire/version0.ts";
import { FrameSocket } from "../frame_socket.ts";
import { redpkt, startServer } from "../processes.ts";

/** A user on a real socket, who waits for each answer. */
class User implements Disposable {
  readonly socket: FrameSocket;

  private constructor(socket: FrameSocket) {
    this.socket = socket;
  }

  static async connect(port: number): Promise<User> {
    return new User(await FrameSocket.connect(port));
  }

  static async login(port: number, id: number): Promise<User> {
    const user = await User.connect(port);
    const answer = await user.ask((view) => writeLoginRequest(view, 0, 1_700_000_000, id));
    assert.deepEqual([answer.getUint16(2), answer.getUint32(12), answer.getUint32(16)], [1, id, 0]);
    return user;
  }

  async shake(id: number): Promise<{ result: number; packetId: number; amountFen: number }> {
    const answer = await this.ask((view) => writeShakeRequest(view, 0, 1_700_000_000, id));
    return { result: answer.getUint32(16), packetId: answer.getUint32(20), amountFen: answer.getUint32(24) };
  }

  async ask(write: (view: DataView) => number): Promise<DataView> {
    await this.socket.write(write);
    return await this.socket.read();
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }
}

for (const engine of ["epoll", "deno"]) {
  const ignore = engine === "epoll" && Deno.build.os !== "linux";
  Deno.test({ name: `engine ${engine}: users log in, shake and win, to the fen`, ignore }, async () => {
    await using server = await startServer(["--engine", engine]);
    using user = await User.login(server.port, 7);
    const { status } = await server.post("/packets", { ratePerS: 1_000, total: 5, minFen: 3, maxFen: 3 });
    assert.equal(status, 200);
    const packetIds = new Set<number>();
    for (let shakes = 0; packetIds.size < 5 && shakes < 100_000; shakes++) {
      const { result, packetId, amountFen } = await user.shake(7);
      if (result !== ShakeResult.won) continue;
      assert.equal(amountFen, 3);
      packetIds.add(packetId);
    }
    assert.equal(packetIds.size, 5);
    const { shake } = (await server.get("/health")).plugins;
    assert.deepEqual([shake.won, shake.wonFen], [5, 15]);
  });
}

Deno.test("the admin API describes itself, checks bodies and speaks Prometheus", async () => {
  await using server = await startServer(["--workers", "1"]);
  const { openapi, paths } = await server.get("/openapi.json");
  assert.equal(openapi, "3.1.0");
  for (
    const path of [
      "/health",
      "/ready",
      "/version",
      "/config",
      "/counters",
      "/metrics",
      "/stream",
      "/packets",
      "/drain",
    ]
  ) {
    assert.ok(path in paths, path);
  }
  assert.equal(paths["/packets"].post.requestBody.content["application/json"].schema.type, "object");
  const wrong = await server.post("/packets", { ratePerS: 0, total: "many", colour: "red" });
  assert.equal(wrong.status, 400);
  assert.deepEqual(wrong.body.errors.map((text: string) => text.split(":")[0]), [
    "ratePerS",
    "total",
    "body",
  ]);
  assert.deepEqual(await server.get("/ready"), { ready: true });
  assert.equal((await server.get("/config")).plugins.shake.leaseMs, 250);
  const metrics = await (await fetch(`${server.api}/metrics`)).text();
  assert.match(metrics, /^# TYPE redpkt_shake_won_total counter$/m);
  assert.equal((await fetch(`${server.api}/nowhere`)).status, 404);
});

Deno.test("a snapshot comes each second", async () => {
  await using server = await startServer(["--workers", "1"]);
  using user = await User.login(server.port, 1);
  await user.shake(1);
  const response = await fetch(`${server.api}/stream`);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/"deltas".*\n\n/.test(text)) text += (await reader.read()).value ?? "";
  await reader.cancel();
  const snapshot = JSON.parse(text.split("data: ")[1].split("\n")[0]);
  assert.equal(snapshot.role, "server");
  assert.equal(snapshot.totals.shakeNothing, 1);
  assert.equal(snapshot.gauges.users, 1);
});

Deno.test("a drain ends the process with 0 and tells what is left", async () => {
  await using server = await startServer(["--workers", "2"]);
  using user = await User.login(server.port, 1);
  server.running.process.kill("SIGTERM");
  assert.equal(await server.running.ended(), 0);
  const stopped = await server.running.event("stopped");
  assert.deepEqual([stopped.allWinnersAnswered, stopped.connectionsLeft], [true, 1]);
  assert.ok(await user.socket.isClosed());
});

Deno.test("a host that is full turns further users away in good order", async () => {
  await using server = await startServer(["--max-connections", "3", "--set-size", "2", "--workers", "2"]);
  const users = await Promise.all([1, 2, 3].map((id) => User.login(server.port, id)));
  await using extra = await User.connect(server.port);
  assert.ok(await extra.socket.isClosed());
  assert.deepEqual(await server.get("/ready"), { ready: false, why: "full" });
  for (const user of users) user[Symbol.dispose]();
});

Deno.test("without FFI permission it falls back to engine deno, with one line that says why", async () => {
  const flags = ["--allow-net", "--allow-read", "--allow-env", "--allow-sys"];
  await using server = await startServer([], flags);
  assert.equal(server.line.engine, "deno");
  const lines = server.running.lines.filter(({ event }) => event === "engine");
  assert.deepEqual(lines.map(({ level }) => level), ["warn"]);
  assert.match(String(lines[0].reason), /no FFI permission/);
});

Deno.test("off loopback the admin API needs a token", async () => {
  const refused = await redpkt(["server", "--port", "0", "--admin", "0.0.0.0:0"]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /others can reach this address. Set REDPKT_TOKEN/);
  await using server = await startServer(["--workers", "1"], undefined, { REDPKT_TOKEN: "secret" });
  assert.equal((await fetch(`${server.api}/health`).then(drop)).status, 401);
  const headers = { authorization: "Bearer secret" };
  assert.equal((await fetch(`${server.api}/health`, { headers }).then(drop)).status, 200);
});

Deno.test("with token keys nobody comes in without a token, and without keys everything says so", async () => {
  const keys = await Deno.makeTempFile();
  await Deno.writeTextFile(keys, `7 ${"5a".repeat(16)}\n`);
  const warned = (server: Awaited<ReturnType<typeof startServer>>) =>
    server.running.lines.filter(({ level, event }) =>
      level === "warn" && /anybody can be any user/.test(event)
    );
  {
    await using server = await startServer(["--workers", "1", "--token-keys", keys]);
    await using anybody = await User.connect(server.port);
    await anybody.socket.send(new Uint8Array(FRAME_BYTES[0]).fill(0));
    assert.ok(await anybody.socket.isClosed());
    using user = await User.connect(server.port);
    const login = new DataView(new ArrayBuffer(FRAME_BYTES[0]));
    writeLoginRequest(login, 0, 0, 5);
    await user.socket.send(new Uint8Array(login.buffer));
    assert.ok(await user.socket.isClosed());
    assert.deepEqual((await server.get("/health")).logins, { tokens: "checked", version0: "off" });
    const { counters, gauges } = await server.get("/counters");
    assert.deepEqual([counters.closedVersion0Off, counters.logins, gauges.loginsUnchecked], [1, 0, 0]);
    assert.equal((await server.get("/config")).server.version0, "off");
    assert.equal(warned(server).length, 0);
  }
  await using server = await startServer(["--workers", "1"]);
  await using _user = await User.login(server.port, 5);
  assert.equal(warned(server).length, 1);
  assert.match((await server.get("/health")).logins.tokens, /anybody can be any user/);
  assert.match(await (await fetch(`${server.api}/metrics`)).text(), /^redpkt_logins_unchecked 1$/m);
  await Deno.remove(keys);
});

Deno.test("an order for more users than the main thread can serve at once is refused, and one for many is served", async () => {
  await using server = await startServer(["--workers", "1", "--plugins", "shake,send"]);
  const all = await server.post("/fund", { users: [0, 0xffff_ffff], amountFen: 1 });
  assert.deepEqual(all, {
    status: 400,
    body: { errors: ["users: must be at most 10000000 users"] },
  });
  const groups = Array.from({ length: 11 }, (_, i) => ({ group: i + 1, users: [0, 99_999] }));
  const crowd = await server.post("/groups", { groups });
  assert.deepEqual([crowd.status, crowd.body.errors[0].split(":")[0]], [400, "groups"]);
  const many = server.post("/fund", { users: [0, 99_999], amountFen: 1 });
  assert.equal((await server.get("/health")).status, "ok");
  const { status, body } = await many;
  assert.equal(status, 200);
  assert.ok(body.funded > 0 && body.users === 100_000, JSON.stringify(body));
});

Deno.test("a worker that dies ends the process with its own code", async () => {
  await using server = await startServer([
    "--plugins",
    "./docs/example_plugin.ts,./test/fixtures/assert_plugin.ts",
    "--workers",
    "1",
  ]);
  using user = await User.login(server.port, 1);
  await user.socket.send(new Uint8Array([0, 12, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
  assert.equal(await server.running.ended(), 70);
  const died = await server.running.event("thread died");
  assert.match(String(died.error), /assert_plugin says so/);
});

Deno.test("the example plugin of the documentation rolls dice", async () => {
  await using server = await startServer([
    "--plugins",
    "shake,./docs/example_plugin.ts",
    "--set",
    "dice.sides=20",
    "--set",
    "dice.everyMs=60000",
  ]);
  using user = await User.login(server.port, 5);
  const roll = (who: User) =>
    who.ask((view) => {
      view.setUint32(0, (12 << 16) | 0x200);
      return 12;
    });
  for (let i = 0; i < 50; i++) {
    await using other = await User.login(server.port, 100 + i);
    const answer = await roll(other);
    const rolled = answer.getUint32(12);
    assert.ok(answer.getUint16(2) === 0x201 && rolled >= 1 && rolled <= 20);
  }
  await roll(user);
  const tooSoon = await roll(user);
  assert.equal(tooSoon.getUint32(12), 0, "refused");
  const retryMs = tooSoon.getUint32(16);
  assert.ok(retryMs > 0 && retryMs <= 60_000, `in ${retryMs} ms`);
  const { sides, rolls, mean } = await server.get("/dice");
  assert.deepEqual([sides, rolls], [20, 51]);
  assert.ok(mean > 5 && mean < 16);
  assert.match(await (await fetch(`${server.api}/metrics`)).text(), /^redpkt_dice_refused_total 1$/m);
  const { plugins } = await server.get("/charts");
  const { charts } = plugins.find(({ plugin }: { plugin: string }) => plugin === "dice");
  assert.deepEqual(charts.map(({ id }: { id: string }) => id), ["dice", "limits"]);
});

Deno.test("frames may come joined and split anywhere", async () => {
  await using server = await startServer(["--workers", "1"]);
  using user = await User.connect(server.port);
  const bytes = new Uint8Array(FRAME_BYTES[0] + 3 * FRAME_BYTES[2]);
  const view = new DataView(bytes.buffer);
  let at = writeLoginRequest(view, 0, 1, 9);
  for (let i = 0; i < 3; i++) at += writeShakeRequest(view, at, 1, 9);
  for (const byte of bytes.subarray(0, 21)) await user.socket.send(new Uint8Array([byte]));
  await user.socket.send(bytes.subarray(21));
  const opcodes = [];
  for (let i = 0; i < 4; i++) opcodes.push((await user.socket.read()).getUint16(2));
  assert.deepEqual(opcodes, [1, 3, 3, 3]);
});

async function drop(response: Response): Promise<Response> {
  await response.body?.cancel();
  return response;
}
