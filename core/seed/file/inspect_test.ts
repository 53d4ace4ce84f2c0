import assert from "node:assert/strict";
import { EVENT_MS, resealed, SMALL_PLAN, TestSet } from "../make/testing.ts";
import { RecordWord } from "./format.ts";
import { inspect, type Inspection, inspectionText } from "./inspect.ts";
import { SeedFile } from "./seed_file.ts";

function inspected(set: TestSet, path: string, wallMs = EVENT_MS): Inspection {
  using file = new SeedFile(path);
  return inspect(file, set.keys.trusted(), wallMs, () => {});
}

/** Every ticket of a file, one by one. */
function ticketsOf(path: string): { sponsor: number; wave: number; amountFen: number }[] {
  using file = new SeedFile(path);
  return Array.from({ length: file.records }, (_, record) => {
    const at = file.locate(record);
    const key = file.words[at + RecordWord.sponsorAndWave];
    return { sponsor: key & 0xffff, wave: key >>> 16, amountFen: file.words[at + RecordWord.amountFen] };
  });
}

Deno.test("an inspection's sums by sponsor, wave and amount are what the tickets come to, one by one", () => {
  using set = new TestSet();
  for (const host of ["host-a", "host-b"]) {
    const result = inspected(set, set.path(host));
    const tickets = ticketsOf(set.path(host));
    const sums = (of: (ticket: { sponsor: number; wave: number }) => boolean) => {
      const own = tickets.filter(of);
      return { tickets: own.length, amountFen: own.reduce((sum, { amountFen }) => sum + amountFen, 0) };
    };
    assert.equal(result.tickets, tickets.length);
    assert.deepEqual(
      result.sponsors,
      SMALL_PLAN.sponsors.map(({ number, name }) => ({
        ...{ number, name },
        ...sums(({ sponsor }) => sponsor === number),
      })),
    );
    assert.deepEqual(
      result.waves,
      SMALL_PLAN.waves.map(({ name }, i) => ({ name, ...sums(({ wave }) => wave === i) })),
    );
    const within = (from: number, to: number) =>
      tickets.filter(({ amountFen }) => amountFen >= from && amountFen <= to).length;
    assert.deepEqual(result.amounts, [
      { fromFen: 1, toFen: 9, tickets: within(1, 9) },
      { fromFen: 10, toFen: 99, tickets: within(10, 99) },
    ]);
    assert.deepEqual(result.problems, []);
    assert.equal(result.signedBy, set.keys.signing()!.id);
  }
  const [a, b] = ["host-a", "host-b"].map((host) => inspected(set, set.path(host)));
  assert.deepEqual([a.firstId, b.firstId], [1, 1 + a.tickets], "ids of all hosts adjoin");
  const greeting = { sponsor: 2, name: "Beta", resource: 7001, limit: 750, perS: 75 };
  assert.deepEqual(a.greetings, [greeting]);
});

Deno.test("an inspection says all that speaks against the use of a file, and goes on", () => {
  using set = new TestSet();
  using stranger = new TestSet();
  const path = set.path("host-a");
  const expired = inspected(stranger, path, Date.parse(SMALL_PLAN.expires));
  assert.equal(expired.problems.length, 2);
  assert.match(expired.problems.join(), /is signed by key .* has expired at 2030-01-01T00:00:00\.000Z/);
  const bytes = Deno.readFileSync(path);
  bytes[new TextDecoder("latin1").decode(bytes).indexOf("Alpha")] ^= 1;
  Deno.writeFileSync(path, resealed(bytes));
  assert.match(inspected(set, path).problems[0], /its signature is not that of key/);
});

Deno.test("people read the same figures", () => {
  using set = new TestSet();
  const result = inspected(set, set.path("host-a"));
  const lines = inspectionText(result).split("\n");
  const squeezed = (line: string) => line.replace(/ +/g, " ").trim();
  const line = (begin: string) => squeezed(lines.find((line) => line.trim().startsWith(begin))!);
  const [alpha] = result.sponsors;
  assert.equal(
    line("1 Alpha"),
    `1 Alpha ${alpha.tickets} tickets ${(alpha.amountFen / 100).toFixed(2)} yuan`,
  );
  assert.equal(line("tickets"), `tickets ${result.tickets}, ids 1 to ${result.tickets}`);
  assert.equal(
    squeezed(lines.find((line) => line.includes("of resource"))!),
    "2 Beta 750 of resource 7001, 75.0 a second",
  );
  assert.equal(line("limits"), "limits 3 a user, 1 of a sponsor");
  assert.equal(lines.at(-2), "right");
  assert.match(inspectionText({ ...result, problems: ["x"], greetings: [] }), /\n {2}x\n1 problem\n$/);
  assert.match(inspectionText({ ...result, problems: ["x", "y"] }), /\n2 problems\n$/);
});
