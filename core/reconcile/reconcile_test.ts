import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { fillLedger } from "../../bench/fill_ledger.ts";
import { AWARDS_HEADER, awardsText, usersLine } from "../client/state/awards_format.ts";
import { SqliteStore, TRUTH_FILE } from "../ledger/store/sqlite_store.ts";
import { SortedBlocks } from "../ledger/record/sorted_blocks.ts";
import { Random } from "../base/random.ts";
import { readFleetFile, type Sighting } from "./fleet_file.ts";
import { reconcile, type ReconcileResult } from "./reconcile.ts";
import { reconcileReport } from "./reconcile_command.ts";

const AWARDS = 500;
const USERS = 100;
const EVERYBODY = { first: 0, stride: 1, count: 100_000 };

/** What the ledger of each test holds, as a fleet would have seen it. */
interface Case {
  readonly ledger: string;
  readonly fleet: string;
  /** Lines of the fleet's file, one an award, in no order. */
  readonly lines: string[];
}

async function withCase(run: (of: Case) => void | Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    const lines: string[] = [];
    fillLedger(`${directory}/ledger`, {
      awards: AWARDS,
      users: USERS,
      isCheckpointed: false,
      onAward: (user, packetId, amountFen) =>
        lines.push(`${user},${packetId},${amountFen},shake,1700000000000`),
    });
    lines.sort();
    await run({ ledger: `${directory}/ledger`, fleet: `${directory}/awards.csv`, lines });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function compare({ ledger, fleet }: Case, lines: readonly string[]): ReconcileResult {
  Deno.writeTextFileSync(fleet, awardsText(EVERYBODY, lines.map((line) => `${line}\n`).join(""), 1, 2));
  return reconcile({ ledgers: [ledger], fleetFiles: [fleet] });
}

/** When the ledger's rows were committed is now; this is well after. */
const LATER_MS = 4_000_000_000_000;

Deno.test("a ledger and a fleet that agree", async () => {
  await withCase((of) => {
    const result = compare(of, of.lines);
    assert.deepEqual(result.differences, []);
    assert.ok(result.isClean);
    assert.equal(result.awards, AWARDS);
    assert.equal(result.packetsMade, AWARDS);
    assert.equal(result.seen, AWARDS);
    assert.equal(result.seenFen, AWARDS * 100);
    assert.deepEqual(
      result.accounts.map(({ sourceFen, poolFen, userFen, returnedFen }) => [
        sourceFen,
        poolFen,
        userFen,
        returnedFen,
      ]),
      [[-50_000, 0, 50_000, 0]],
    );
    assert.match(reconcileReport(result), /no difference\n$/);
  });
});

Deno.test("what is seen again by the same user, or is pending, is counted and is no difference", async () => {
  await withCase((of) => {
    const again = compare(of, [...of.lines, of.lines[3], of.lines[3]]);
    assert.deepEqual([again.isClean, again.seen, again.seenAgain], [true, AWARDS, 2]);
    const unseen = compare(of, of.lines.slice(10));
    assert.deepEqual([unseen.isClean, unseen.pending, unseen.pendingFen], [true, 10, 1_000]);
    // They were there, but not since after the award.
    const [user] = of.lines[0].split(",");
    const early = compare(of, [...of.lines.slice(1), `${user},0,0,stayed,1000`]);
    assert.deepEqual([early.isClean, early.pending], [true, 1]);
  });
});

const DIFFERENCES: readonly (readonly [what: string, change: (of: Case) => string[], words: RegExp])[] = [
  [
    "a packet that no ledger has",
    ({ lines }) => [...lines, "7,9999,5,shake,1"],
    /packet 9999: user 7 saw it/,
  ],
  [
    "a packet that another user saw",
    ({ lines }) => [...lines, lines[0].replace(/^\d+/, "77777")],
    /user 77777 saw it/,
  ],
  ["another amount", ({ lines }) => [...lines.slice(1), lines[0].replace(",100,", ",101,")], /saw 101 fen/],
  [
    "an award that a user who came back never saw",
    ({ lines }) => [...lines.slice(1), `${lines[0].split(",")[0]},0,0,stayed,${LATER_MS}`],
    /never saw it/,
  ],
  ["a packet that the ledger awarded twice", (of) => {
    change(
      of.ledger,
      "insert into entry select max(seq) + 1, 2, 5, 99, 100, 1, 0, 0 from entry",
    );
    return of.lines;
  }, /packet 5: was awarded 2 times|packet 5:/],
  ["a fen too much", (of) => {
    change(of.ledger, "update entry set amount = amount + 1 where kind = 2 and packet = 5");
    return of.lines;
  }, /fen/],
  ["an award of a packet that was never made", (of) => {
    change(of.ledger, "insert into entry select max(seq) + 1, 2, 9000, 9, 1, 1, 0, 0 from entry");
    change(of.ledger, "update entry set amount = amount - 1 where kind = 2 and packet = 7");
    return of.lines;
  }, /packet 9000: no packet of sponsor 1 with this id was made/],
  ["a pool that is overdrawn", (of) => {
    change(of.ledger, "insert into entry select max(seq) + 1, 2, 5, 99, 100, 1, 0, 0 from entry");
    return of.lines;
  }, /the pool of sponsor 1 is overdrawn at row 502/],
  ["packets that were made twice", (of) => {
    change(of.ledger, "insert into entry select max(seq) + 1, 1, 500, 0, 10, 1, 10, 0 from entry");
    return of.lines;
  }, /packet 500: was made twice/],
  ["more that is opened than was awarded", (of) => {
    change(of.ledger, "insert into entry select max(seq) + 1, 20, 5, 5, 100, 1, 0, 0 from entry");
    return of.lines;
  }, /more is opened than was awarded, at row 502/],
  ["a row that is missing", (of) => {
    change(of.ledger, "delete from entry where seq = 77");
    return of.lines;
  }, /row 77 is missing/],
  ["a sent packet of which more is claimed than was in it", (of) => {
    change(of.ledger, "insert into entry select max(seq) + 1, 8, 4294967295, 5, 100, 0, 0, 0 from entry");
    return of.lines;
  }, /the sent packets are overdrawn/],
  ["a limit that is broken", (of) => {
    const store = new SqliteStore(of.ledger);
    store.noteLimits({ packetsPerUser: 4, packetsPerSponsor: 1 }, 0);
    store.close();
    return of.lines;
  }, /user \d+: has 5 packets, and 4 are allowed/],
];

function change(ledger: string, sql: string): void {
  const db = new DatabaseSync(`${ledger}/${TRUTH_FILE}`);
  db.exec(sql);
  db.close();
}

for (const [what, change, words] of DIFFERENCES) {
  Deno.test(`finds ${what}`, async () => {
    await withCase((of) => {
      const result = compare(of, change(of));
      assert.ok(!result.isClean);
      assert.match(result.differences.join("\n"), words);
      assert.match(reconcileReport(result), /DIFFERENCE/);
    });
  });
}

Deno.test("finds a packet that is in two ledgers", async () => {
  await withCase(async (of) => {
    await withCase((other) => {
      const result = reconcile({ ledgers: [of.ledger, other.ledger], fleetFiles: [] });
      assert.equal(result.accounts.length, 2);
      assert.equal(result.awards, 2 * AWARDS);
      assert.match(result.differences[0], /was awarded 2 times/);
    });
  });
});

Deno.test("a fleet's file is read to the last whole line, and what is none is named", async () => {
  const path = await Deno.makeTempFile();
  const read = (text: string) => {
    Deno.writeTextFileSync(path, text);
    const found: Sighting[] = [];
    readFleetFile(path, (sighting) => void found.push({ ...sighting }));
    return found;
  };
  const start = AWARDS_HEADER + usersLine({ first: 0, stride: 1, count: 2 ** 32 }, 1);
  assert.deepEqual(read(start + "4294967295,4294967295,4294967295,claim,1763600000000\n1,2,3,sha"), [
    { user: 4294967295, packetId: 4294967295, amountFen: 4294967295, kind: "claim", seenAtMs: 1763600000000 },
  ]);
  assert.deepEqual(read(start), []);
  for (
    const [line, fault] of [
      ["1,2,3,shake", /line 3 has too few/],
      ["1,2,3,shake,4,5", /line 3 has too few or too many/],
      ["1,,3,shake,4", /line 3 has too few/],
      ["1,x,3,shake,4", /no number/],
      ["1,2:,3,shake,4", /no number/],
      ["1,2/,3,shake,4", /no number/],
      ["1,2,3,shaken,4", /unknown kind/],
      ["1,2,3,sharp,4", /unknown kind/],
      ["1,2,-3,shake,4", /no number/],
      ["1,2,3,shake,4\r", /no number/],
      ["4294967296,2,3,shake,4", /more than 32 bits/],
      ["1,4294967296,3,shake,4", /more than 32 bits/],
      ["1,2,90071992547409920,shake,4", /too large/],
      ["0,1,5,users,4", /begins another file/],
    ] as const
  ) assert.throws(() => read(`${start}${line}\n`), fault);
  assert.throws(() => read("some,other,file\n"), /line 1 is not the header/);
  assert.throws(() => read(`\ufeff${start}`), /line 1 is not the header/);
  assert.throws(() => read(""), /line 1 is missing or cut/);
  assert.throws(() => read(AWARDS_HEADER), /line 2 is missing or cut/);
  assert.throws(() => read(`${AWARDS_HEADER}1,2,3,shake,4\n`), /line 2 doesn't say which users/);
  assert.throws(() => read(`${start}0,0,0,end,4\n1,2,3,shake,4\n`), /line 4 comes after the last one/);
  assert.throws(() => readFleetFile("/nowhere.csv", () => {}), /no such file/);
  await Deno.remove(path);
});

Deno.test("sorted blocks give back every record, in order, whatever the number of blocks", () => {
  for (const records of [0, 1, 1_000, 10_000]) {
    const blocks = new SortedBlocks(2, 256);
    const random = new Random(records);
    const expected: number[] = [];
    for (let i = 0; i < records; i++) {
      const at = blocks.next();
      const key = random.uint32();
      blocks.words[at] = key;
      blocks.words[at + 1] = key ^ 0x5555;
      expected.push(key);
    }
    const got: number[] = [];
    blocks.merge((words, at) => {
      assert.equal(words[at + 1], (words[at] ^ 0x5555) >>> 0);
      got.push(words[at]);
    });
    blocks.close();
    assert.deepEqual(got, expected.sort((a, b) => a - b));
  }
});
