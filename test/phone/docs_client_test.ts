/** The programs of `docs/client.md` run as they stand there, but for addresses and the token. */
import assert from "node:assert/strict";
import text from "../../docs/client.md" with { type: "text" };
import { startGateway } from "../gateway/gateway_processes.ts";
import { startServer } from "../processes.ts";

const ROOT = new URL("../../", import.meta.url);
const LIMIT_MS = 120_000;

Deno.test("the programs of docs/client.md type-check and do what they say", async () => {
  const programs = [...text.matchAll(/^```ts program\n([^`]*(?:`[^`]+`[^`]*)*?)^```$/gm)].map(([, code]) =>
    code
  );
  assert.equal(programs.length, 2);
  await using server = await startServer(["--plugins", "throttle,shake,send"]);
  await using gateway = await startGateway([server.port]);
  await server.post("/packets", { ratePerS: 100, total: 2_000, minFen: 7, maxFen: 7 });
  const folder = await Deno.makeTempDir();
  const outputs: string[] = [];
  try {
    for (const [i, code] of programs.entries()) {
      const file = `${folder}/program${i}.ts`;
      const told = code.replaceAll(/wss:\/\/gw\d.example\//g, gateway.url)
        .replace("127.0.0.1:1025", `127.0.0.1:${server.port}`)
        .replace(/^ +token: .*\n/m, "")
        .replace("@redpkt/redpkt/client/tcp", new URL("core/phone/transport/tcp.ts", ROOT).href)
        .replace("@redpkt/redpkt/client", new URL("core/phone/library/mod.ts", ROOT).href);
      await Deno.writeTextFile(file, told);
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--check", "--no-config", "--allow-net", file],
        env: { NO_COLOR: "1" },
        signal: AbortSignal.timeout(LIMIT_MS),
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      outputs.push(new TextDecoder().decode(stdout));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assert.match(outputs[0], /connecting\na packet of 7 fen\nopened: ok, balance: 7 fen\nclosed\n$/);
  assert.equal(outputs[1], "balance: 0 fen, kept: 0 packets\n");
});
