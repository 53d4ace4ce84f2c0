/** What an uplink does when, and which ledgers the books refuse. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { ManualClock } from "../../core/base/clock.ts";
import type { Intake } from "../../core/books/contract/intake.ts";
import { ModelBooks } from "../../core/books/model/model_books.ts";
import { SourceRefused, TruthSource } from "../../core/books/uplink/ledger_source.ts";
import { Uplink, UplinkRefused } from "../../core/books/uplink/uplink.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import { EVENT } from "./books_kinds.ts";
import { booksContentOf, contentOf, RealLedger } from "./real_ledger.ts";

const clock = new ManualClock();

function uplinkOf(source: TruthSource, intake: Intake, host: number, isHurried = false): Uplink {
  return new Uplink({
    host,
    name: "one",
    intake,
    source,
    clock,
    quietMs: () => clock.wallMs(),
    isHurried: () => isHurried,
  });
}

/** Carries all there is. */
async function carry(directory: string, intake: Intake, host = 1): Promise<void> {
  using source = TruthSource.beside(directory);
  const uplink = uplinkOf(source, intake, host, true);
  do await uplink.turn(); while (!uplink.isCaughtUp);
}

Deno.test("rows wait a second for others at most, a thousand go at once, and a host without news says so", async () => {
  using ledger = new RealLedger();
  const { intake } = new ModelBooks(EVENT);
  using source = TruthSource.beside(ledger.directory);
  const uplink = uplinkOf(source, intake, 1);
  const startMs = clock.wallMs();
  ledger.commit(9, startMs);
  assert.deepEqual(await uplink.turn(), { rows: 0, restMs: 100 });
  clock.advance(950);
  assert.deepEqual(await uplink.turn(), { rows: 0, restMs: 50 });
  clock.advance(50);
  assert.deepEqual(await uplink.turn(), { rows: 10, restMs: 0 });
  assert.deepEqual(await uplink.turn(), { rows: 0, restMs: 100 });
  assert.equal((await intake.cursor(1))!.caughtUpMs, startMs + 1_000);
  clock.advance(999);
  await uplink.turn();
  assert.equal((await intake.cursor(1))!.caughtUpMs, startMs + 1_000, "not yet again");
  clock.advance(1);
  await uplink.turn();
  assert.equal((await intake.cursor(1))!.caughtUpMs, startMs + 2_000);

  for (let i = 0; i < 25; i++) ledger.commit(90, clock.wallMs());
  assert.deepEqual(await uplink.turn(), { rows: 12 * 90, restMs: 0 }, "whole commits");
  assert.deepEqual(await uplink.turn(), { rows: 12 * 90, restMs: 0 });
  assert.deepEqual(await uplink.turn(), { rows: 0, restMs: 100 }, "the rest waits for others");
  ledger.commit(5_000, clock.wallMs());
  assert.deepEqual(await uplink.turn(), { rows: 5_090, restMs: 0 });
  ledger.deliver();
  assert.equal((await uplink.turn()).rows, 0, "marks alone are nothing to carry");
  assert.ok(uplink.isCaughtUp);
});

Deno.test("of a ledger and its copy that both go on the books take the one that came first, and say why", async () => {
  using ledger = new RealLedger();
  const { intake } = new ModelBooks(EVENT);
  ledger.commit(5, clock.wallMs());
  await carry(ledger.directory, intake);
  using copy = new RealLedger({ directory: ledger.copy(), seed: 2 });
  using older = new RealLedger({ directory: ledger.copy() });
  ledger.commit(5, clock.wallMs());
  copy.commit(5, clock.wallMs() + 1);
  await carry(ledger.directory, intake);
  const isCopy = (why: RegExp) => (error: unknown) =>
    error instanceof UplinkRefused && error.kind === "copy" && why.test(error.message);
  await assert.rejects(
    carry(copy.directory, intake),
    isCopy(/know rows up to 11, and this ledger has another row 11/),
  );
  await assert.rejects(carry(older.directory, intake), isCopy(/up to 11, and this ledger ends with row 6/));
  copy.commit(50, clock.wallMs());
  await assert.rejects(carry(copy.directory, intake), isCopy(/another row 11/));
  ledger.commit(5, clock.wallMs());
  await carry(ledger.directory, intake);
  assert.deepEqual((await booksContentOf(intake, 1)).rows, contentOf(ledger.directory).rows);
});

Deno.test("an adopted ledger goes on with its new machine, and the old one's rows are refused", async () => {
  using old = new RealLedger();
  const { intake } = new ModelBooks(EVENT);
  old.commit(5, clock.wallMs());
  await carry(old.directory, intake);
  using adopted = new RealLedger({ directory: old.copy() });
  using rival = new RealLedger({ directory: old.copy() });
  adopted.adopt(clock.wallMs(), "one");
  rival.adopt(clock.wallMs(), "two");
  old.commit(5, clock.wallMs());
  await carry(adopted.directory, intake);
  assert.equal((await intake.cursor(1))!.epoch, 2);
  const refused = (kind: string) => (error: unknown) => error instanceof UplinkRefused && error.kind === kind;
  await assert.rejects(carry(old.directory, intake), refused("adopted"));
  await assert.rejects(carry(rival.directory, intake), refused("copy"), "of two who adopt it one has it");
  adopted.commit(5, clock.wallMs());
  await carry(adopted.directory, intake);
  old.commit(500, clock.wallMs());
  await assert.rejects(carry(old.directory, intake), refused("adopted"));
  assert.deepEqual((await booksContentOf(intake, 1)).rows, contentOf(adopted.directory).rows);
});

Deno.test("an epoch of the books that no row tells of is refused, and not tried for ever", async () => {
  using ledger = new RealLedger();
  const { intake } = new ModelBooks(EVENT);
  ledger.commit(5, clock.wallMs());
  using source = TruthSource.beside(ledger.directory);
  const { genesisHex, ledger: id } = source;
  await intake.enrol({ host: 1, name: "one", ledger: id, genesisHex });
  const block = source.blockAfter({ seq: 0, headHex: genesisHex }, 1_000)!;
  assert.equal(await intake.append({ host: 1, ledger: id, ...block, epochAfter: 3 }), true);
  await assert.rejects(
    carry(ledger.directory, intake),
    (error) => error instanceof UplinkRefused && error.kind === "adopted",
  );
});

Deno.test("a host number that another ledger has is refused, with what to do", async () => {
  using one = new RealLedger();
  using two = new RealLedger();
  const { intake } = new ModelBooks(EVENT);
  await carry(one.directory, intake);
  await assert.rejects(
    carry(two.directory, intake),
    (error) =>
      error instanceof UplinkRefused && error.kind === "number" &&
      /another --host-number/.test(error.message),
  );
});

Deno.test("rows of sent packets, and rows that nobody committed, don't reach the books", async () => {
  using sends = new RealLedger();
  using edited = new RealLedger({ host: 2 });
  const { intake } = new ModelBooks(EVENT);
  sends.row(EntryKind.claim, clock.wallMs());
  await assert.rejects(
    carry(sends.directory, intake),
    (error) => error instanceof SourceRefused && /plugin send/.test(error.message),
  );
  edited.commit(30, clock.wallMs());
  const db = new DatabaseSync(`${edited.directory}/ledger.db`);
  db.exec("update entry set amount = amount + 1 where seq = 12");
  db.close();
  await assert.rejects(
    carry(edited.directory, intake, 2),
    (error) => error instanceof SourceRefused && /rows 2 to 31: not what was committed/.test(error.message),
  );
  assert.deepEqual((await booksContentOf(intake, 2)).rows, []);
});
