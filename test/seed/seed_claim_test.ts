/** The claims of a seed file under real servers: lost, mended, and gone for good. */
import assert from "node:assert/strict";
import type { PlanInput } from "../../core/seed/plan/plan_schema.ts";
import { TestSet } from "../../core/seed/make/testing.ts";
import { systemClock } from "../../core/base/clock.ts";
import { redpkt, Running } from "../processes.ts";

function planNow(): PlanInput {
  const start = systemClock.wallMs() + 3_600_000;
  return {
    name: "claims",
    expires: new Date(start + 86_400_000).toISOString(),
    sponsors: [{ number: 1, name: "Tea", budgetFen: 100, amounts: { kind: "fixed", amountFen: 1 } }],
    waves: [{ name: "only", start: new Date(start).toISOString(), lengthS: 10 }],
    hosts: { count: 1 },
  };
}

/** A seed file and its claims, and servers that give it away. */
class ServerWorld implements AsyncDisposable {
  readonly set = new TestSet(planNow());
  readonly folder = Deno.makeTempDirSync();
  readonly file = this.set.path("host-000");

  args(ledger: string, ...more: readonly string[]): string[] {
    return [
      ...["server", "--host", "127.0.0.1", "--port", "0", "--admin", "127.0.0.1:0", "--engine", "deno"],
      ...["--seed", this.file, "--seed-keys", this.set.keys.path, "--host-id", "host-000"],
      ...["--ledger", `${this.folder}/${ledger}`, "--claims", `${this.folder}/claims`, ...more],
    ];
  }

  /** A server that is ready to give tickets away. */
  async up(ledger: string, ...more: readonly string[]): Promise<{ server: Running; api: string }> {
    const server = new Running(this.args(ledger, ...more));
    const { admin } = await server.event("listening");
    await server.event("tickets entered");
    return { server, api: `http://${admin}` };
  }

  /** The refusal of a server that doesn't start. */
  async refusal(args: readonly string[]): Promise<string> {
    const { code, stderr } = await redpkt(args);
    assert.equal(code, 2, stderr);
    const lines = stderr.trimEnd().split("\n").filter((line) => !line.startsWith("{"));
    assert.equal(lines.length, 1, stderr);
    return lines[0];
  }

  claims(folder: string): string[] {
    return [...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`).filter((name) =>
      /\.claim$/.test(name)
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.set[Symbol.dispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function ends(server: Running): Promise<number> {
  server.process.kill("SIGTERM");
  return await server.ended();
}

Deno.test("a claim that goes under a running server is counted and told, ends nothing, and is mended as the next start says", async () => {
  await using world = new ServerWorld();
  const { server, api } = await world.up("data");
  const [kept] = world.claims(`${world.folder}/claims`);
  await Deno.remove(kept);
  const line = await server.event("claim cannot be written");
  assert.deepEqual([line.level, line.claim, line.reason], ["error", kept, "it was removed"]);
  const { counters } = await (await fetch(`${api}/counters`)).json();
  assert.ok(counters.claimMarksFailed >= 1);
  assert.equal(await ends(server), 0, "drained");

  const refusal = await world.refusal(world.args("data"));
  const [, mend] = /its claim .* is gone, and .* is there\. Put it right: redpkt (.*)$/.exec(refusal) ?? [];
  assert.match(await world.refusal(world.args("other")), /is consumed/);
  const look = await redpkt(mend.split(" ").filter((word) => word !== "--mend"));
  assert.deepEqual([look.code, look.stdout.split("\n").length], [1, 2], look.stdout + look.stderr);
  assert.match(look.stdout, /^WRONG {2}seed file .* is gone/);
  const check = ["ledger", "check", `${world.folder}/data`, "--claims", `${world.folder}/claims`];
  const checked = await redpkt(check);
  assert.equal(checked.code, 1, checked.stderr);
  assert.match(checked.stdout, /WRONG {2}seed file .* is gone/, "whoever checks the ledger hears of it too");
  const mended = await redpkt(mend.split(" "));
  assert.deepEqual([mended.code, mended.stdout], [0, `${kept} was put back\n`], mended.stderr);
  assert.equal((await redpkt(check)).code, 0);
  const again = await world.up("data");
  const beside = await redpkt([...mend.split(" ").filter((word) => word !== "--mend"), "--json"]);
  assert.equal(beside.code, 0, "beside a server");
  assert.deepEqual(JSON.parse(beside.stdout), { schemaVersion: 1, problems: [] });
  assert.equal(await ends(again.server), 0);
});

Deno.test("a server whose claims are both gone for --claim-seconds drains, and ends as one that may be restarted", async () => {
  await using world = new ServerWorld();
  const { server } = await world.up("data", "--claim-seconds", "1");
  for (const folder of [world.set.folder, `${world.folder}/claims`]) {
    await Deno.remove(world.claims(folder)[0]);
  }
  const line = await server.event("draining");
  assert.equal(line.reason, "neither claim of the seed file can be written");
  assert.equal(await server.ended(), 74);
  assert.match(await world.refusal(world.args("data")), /both claims are gone/);
});

Deno.test("a copy of the ledger beside its server is refused", async () => {
  await using world = new ServerWorld();
  const { server } = await world.up("data");
  await Deno.mkdir(`${world.folder}/copy`);
  for await (const { name } of Deno.readDir(`${world.folder}/data`)) {
    if (name !== "lock") await Deno.copyFile(`${world.folder}/data/${name}`, `${world.folder}/copy/${name}`);
  }
  assert.match(await world.refusal(world.args("copy")), /another server uses it right now/);
  assert.equal(await ends(server), 0);
});
