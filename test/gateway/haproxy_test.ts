/** The configuration of `docs/deploy/haproxy.cfg`, with a real HAProxy where there is one. */
import assert from "node:assert/strict";
import configuration from "../../docs/deploy/haproxy.cfg" with { type: "text" };
import { readSnapshots } from "../../core/admin/telemetry/snapshot_stream.ts";
import { sleep, systemClock } from "../../core/base/clock.ts";
import { systemBytes } from "../../core/base/random.ts";
import { makeSelfSigned } from "../../core/gateway/tls/self_signed.ts";
import { frames, TOKEN_BYTES } from "../../core/wire/v1/frames.ts";
import { writeLogin } from "../../core/wire/v1/writers.ts";
import { startServer } from "../processes.ts";

const CLIENT = "127.0.0.1";
/** Where HAProxy connects from, so that its address isn't the client's. */
const PROXY = "127.0.0.3";

async function hasHaproxy(): Promise<boolean> {
  try {
    return (await new Deno.Command("haproxy", { args: ["-v"] }).output()).success;
  } catch {
    console.log("no haproxy found: its configuration isn't tried (install it)");
    return false;
  }
}

/** A port that was free a moment ago: HAProxy can't be asked for any. */
function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

Deno.test({
  name: "HAProxy with the documented configuration brings TLS to a server, which knows the client's address",
  ignore: !await hasHaproxy(),
  async fn() {
    const folder = await Deno.makeTempDir();
    await using server = await startServer(["--proxy-protocol", PROXY]);
    const names = ["127.0.0.1"];
    const pair = await makeSelfSigned({ names, wallMs: systemClock.wallMs(), serial: systemBytes(16) });
    await Deno.writeTextFile(`${folder}/players.pem`, pair.cert + pair.key);
    const port = freePort();
    const text = configuration.replace("0.0.0.0:1443", `127.0.0.1:${port}`)
      .replace("/etc/redpkt/players.pem", `${folder}/players.pem`)
      .replace("access1 127.0.0.1:1025", `access1 127.0.0.1:${server.port} source ${PROXY}`)
      // Less than the descriptors that a machine for tests gives.
      .replace("maxconn 100000", "maxconn 100");
    for (const place of [`${folder}/players.pem`, `:${port}`, `:${server.port}`]) {
      assert.ok(text.includes(place));
    }
    await Deno.writeTextFile(`${folder}/haproxy.cfg`, text);
    const haproxy = new Deno.Command("haproxy", {
      args: ["-db", "-f", `${folder}/haproxy.cfg`],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    try {
      await configurationIsGood(folder);
      const connection = await connectTo(port, pair.cert);
      const login = new Uint8Array(200);
      const size = writeLogin(new DataView(login.buffer), 0, 0, 7, new Uint8Array(TOKEN_BYTES));
      await connection.write(login.subarray(0, size));
      const answer = new Uint8Array(frames.loginResult.bytes[0]);
      await connection.read(answer);
      assert.equal(new DataView(answer.buffer).getUint16(2), frames.loginResult.opcode);
      for await (const { clientHosts = [], totals } of readSnapshots(server.api, {})) {
        if (clientHosts.length === 0) continue;
        assert.deepEqual(clientHosts, [[CLIENT, 1]]);
        assert.equal(totals.closedBadProxyHeader ?? 0, 0, "HAProxy's looks say that they are its own");
        break;
      }
      connection.close();
    } finally {
      haproxy.kill("SIGKILL");
      await haproxy.output();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

async function configurationIsGood(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("haproxy", {
    args: ["-c", "-f", `${folder}/haproxy.cfg`],
  })
    .output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

/** HAProxy takes a moment to listen. */
async function connectTo(port: number, caCert: string): Promise<Deno.TlsConn> {
  for (;;) {
    try {
      return await Deno.connectTls({ port, hostname: CLIENT, caCerts: [caCert] });
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      await sleep(50);
    }
  }
}
