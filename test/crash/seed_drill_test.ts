/** The drill with a seed file: its disk is lost after a backup. What is refused, and how to go on. */
import assert from "node:assert/strict";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { sleep, systemClock } from "../../core/base/clock.ts";
import { TestSet } from "../../core/seed/make/testing.ts";
import { HeldPort } from "../../core/rehearse/stage/held_port.ts";
import { TruthReader } from "../../core/ledger/store/truth_reader.ts";
import { audit } from "../audit/auditor.ts";
import { redpkt, Running } from "../processes.ts";

const LOOK_MS = 20;

/** By packet: who has it, as a ledger says. */
function winnersOf(ledger: string): Map<number, number> {
  const truth = new TruthReader(ledger);
  const rows = truth.db.prepare("select packet, user from entry where kind = ?").all(EntryKind.award);
  truth.close();
  return new Map(rows.map(({ packet, user }) => [packet as number, user as number]));
}

Deno.test("the drill with a seed file: a restored backup gives no ticket away until somebody answers for it", async () => {
  const start = systemClock.wallMs() + 500;
  using set = new TestSet({
    name: "drill",
    expires: new Date(start + 86_400_000).toISOString(),
    sponsors: [{ number: 1, name: "One", budgetFen: 600_000, amounts: { kind: "fixed", amountFen: 100 } }],
    waves: [{ name: "only", start: new Date(start).toISOString(), lengthS: 30 }],
    hosts: { count: 1 },
  });
  const folder = set.folder;
  const [ledger, file, restored, awards] = ["ledger", "backup", "restored", "awards.csv"].map((name) =>
    `${folder}/${name}`
  );
  const seed = set.path("host-000");
  const claims = ["--claims", `${folder}/claims`];
  using held = HeldPort.take();
  const flags = (directory: string) => [
    ...["server", "--host", "127.0.0.1", "--port", String(held.port), "--admin", "127.0.0.1:0"],
    ...["--ledger", directory, "--workers", "1", "--set", "shake.sponsors=1000"],
    ...["--seed", seed, "--host-id", "host-000", "--seed-keys", set.keys.path, ...claims],
  ];
  let expected = "";
  let lost: Map<number, number>;
  {
    await using server = new Running(flags(ledger));
    const admin = `http://${(await server.event("listening")).admin}`;
    await server.event("tickets entered");
    await using _client = new Running([
      ...["client", "--users", "0-999", "--server", `127.0.0.1:${held.port}`, "--qps", "2000"],
      ...["--workers", "1", "--control", "127.0.0.1:0", "--awards", awards],
    ]);
    await won(admin, 100);
    const made = await redpkt(["ledger", "backup", ledger, file]);
    assert.equal(made.code, 0, made.stderr);
    expected = /--expect (\d+):/.exec(made.stdout)![1];
    await won(admin, (await counters(admin)).shakeWon + 100);
    await marked(`${folder}/claims`, Number(expected));
    server.process.kill("SIGKILL");
    await server.ended();
    lost = winnersOf(ledger);
  }
  await Deno.remove(ledger, { recursive: true });
  assert.equal((await redpkt(["ledger", "restore", file, restored])).code, 0);
  const before = winnersOf(restored);
  assert.ok(lost.size > before.size, "something was won since");
  // Refused, again and again, by every way that isn't a person's word.
  for (let tries = 0; tries < 2; tries++) {
    const refused = await redpkt(flags(restored));
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(
      refused.stderr,
      /is an older state of its ledger: it has \d+ rows and had \d+ \(\d+ missing\)/,
    );
    assert.doesNotMatch(refused.stderr, /\.ts:/);
    const mended = await redpkt(["seed", "claim", seed, "--ledger", restored, ...claims, "--mend"]);
    assert.equal(mended.code, 2, "nothing proves it");
    assert.deepEqual(winnersOf(restored), before);
  }
  // What was won since is named, award by award, before anybody goes on.
  const told = await redpkt(["reconcile", "--ledger", restored, "--fleet", awards]);
  assert.equal(told.code, 1, told.stdout);
  assert.ok(audit(restored, [awards]).length > 0);
  // To go on without giving a ticket twice: the event is closed, and what is left goes back to its sponsor.
  assert.equal((await redpkt(["ledger", "close", restored])).code, 0);
  const trusted = ["--mend", "--trust-ledger", "the disk was lost and the event is closed"];
  const answered = await redpkt(["seed", "claim", seed, "--ledger", restored, ...claims, ...trusted]);
  assert.equal(answered.code, 0, answered.stderr);
  {
    await using server = new Running(flags(restored));
    const admin = `http://${(await server.event("listening")).admin}`;
    await server.event("tickets entered");
    await using client = new Running([
      ...["client", "--users", "1000-1999", "--server", `127.0.0.1:${held.port}`, "--qps", "2000"],
      ...["--workers", "1", "--control", "127.0.0.1:0"],
    ]);
    await client.event("ready");
    while ((await counters(admin)).shakeNothing < 2_000) await sleep(LOOK_MS);
    server.process.kill("SIGTERM");
    assert.equal(await server.ended(), 0);
  }
  assert.deepEqual(winnersOf(restored), before, "no ticket went to anybody else");
  assert.equal((await redpkt(["ledger", "check", restored, ...claims])).code, 0);
});

async function counters(admin: string): Promise<Record<string, number>> {
  return (await (await fetch(`${admin}/counters`)).json()).counters;
}

/** Waits until users have won so much. */
async function won(admin: string, count: number): Promise<void> {
  while ((await counters(admin)).shakeWon < count) await sleep(LOOK_MS);
}

/** Waits until the claim knows a row after this one. */
async function marked(folder: string, seq: number): Promise<void> {
  for (;;) {
    for (const { name } of Deno.readDirSync(folder)) {
      const marks = [...Deno.readTextFileSync(`${folder}/${name}`).matchAll(/^mark (\d{16}) /gm)];
      if (marks.some(([, marked]) => Number(marked) > seq)) return;
    }
    await sleep(LOOK_MS);
  }
}
