/** Claims of version 1, `FILE.claim`, which knew a name and a number of rows. */
import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { UserError } from "../../base/user_error.ts";
import { FakeDisk, FakeLedger, FakeProcess } from "./testing.ts";
import { SeedClaims } from "./claims.ts";

const HASH = "5e".repeat(32);
const OLD = "/seeds/a.seed.claim";

/** As the program wrote them until version 2. */
function oldClaim(ledger: string, rows: number, hash = HASH): string {
  const mark = (count: number) => {
    const digits = String(count).padStart(16, "0");
    return `rows ${digits} ${crc32(digits).toString(16).padStart(8, "0")}\n`;
  };
  const head = { ledger, hash, claimedAt: "2029-01-01T12:00:00.000Z" };
  return `${JSON.stringify(head)}\n${mark(0)}${mark(rows)}`;
}

class OldWorld {
  readonly disk = new FakeDisk();

  constructor(claim: string) {
    this.disk.put("/seeds/a.seed", "tickets");
    this.disk.put(OLD, claim);
  }

  start(ledger: FakeLedger): Promise<string> {
    return this.#said(SeedClaims.take(this.#options(ledger)).then((claims) => (claims.close(), "up")));
  }

  mend(ledger: FakeLedger, trusted?: string): Promise<string> {
    return this.#said(SeedClaims.mend(this.#options(ledger), trusted));
  }

  #said(result: Promise<string>): Promise<string> {
    return result.catch((error) => {
      assert.ok(error instanceof UserError, String(error));
      return error.message;
    });
  }

  #options(ledger: FakeLedger) {
    const seed = { path: "/seeds/a.seed", hash: HASH, links: 1, firstId: 1 };
    return { seed, ledger, directory: "/claims", wallMs: 0, disk: new FakeProcess(this.disk), token: "t" };
  }
}

function ledgerThatUsed(rows: number): FakeLedger {
  const ledger = new FakeLedger("a").append(rows);
  ledger.noteSeed(HASH);
  return ledger;
}

Deno.test("an old claim is refused in one line with the command that converts it, once", async () => {
  const world = new OldWorld(oldClaim("a", 5));
  const ledger = ledgerThatUsed(7);
  assert.match(
    await world.start(ledger),
    /is of version 1, which .*redpkt seed claim \/seeds\/a\.seed --ledger \/a --claims \/claims --mend$/,
  );
  assert.match(await world.mend(ledger), /became \/seeds\/5e.*\.claim and \/claims\/5e/);
  for (const folder of ["/seeds", "/claims"]) {
    const claim = world.disk.read(`${folder}/${HASH}.claim`)!;
    assert.match(claim, /\nmark 0000000000000007 /, "both are in force at once");
  }
  assert.equal(await world.start(ledger), "up");
  assert.match(await world.start(new FakeLedger("b")), /is consumed/);
  // Lost claims are no reason to believe a number of rows again, and a lost power neither.
  world.disk.losePower();
  for (const folder of ["/seeds", "/claims"]) world.disk.remove(`${folder}/${HASH}.claim`);
  assert.match(await world.start(ledger), /both claims are gone/);
  assert.match(await world.mend(ledger), /both claims are gone/);
  assert.match(world.disk.read(OLD)!, /^\{"ledger":"a"/, "an older program goes on refusing other ledgers");
});

Deno.test("an old claim of another ledger, or of rows that are missing, is believed", async () => {
  const world = new OldWorld(oldClaim("a", 5));
  for (const act of ["start", "mend"] as const) {
    assert.match(await world[act](new FakeLedger("b")), /is consumed: ledger a has used it since 2029/);
    assert.match(await world[act](new FakeLedger("a").append(9)), /a copy that is older than its claim/);
    assert.match(await world[act](ledgerThatUsed(4)), /has 4 rows and had 5 \(1 missing\)/);
  }
  assert.match(await world.mend(ledgerThatUsed(4), "the last row was a test"), /became/);
  assert.equal(await world.start(ledgerThatUsed(4)), "up");
});

Deno.test("an old claim counts for nothing where there is a newer one, damaged or not", async () => {
  const world = new OldWorld(oldClaim("a", 5));
  world.disk.put(`/claims/${HASH}.claim`, "redpkt claim 2 00000000 {}\n");
  const ledger = ledgerThatUsed(7);
  for (const act of ["start", "mend"] as const) assert.match(await world[act](ledger), /is in neither place/);
  assert.match(await world.mend(ledger, "the damage was mine"), /is taken at its word/);
  assert.equal(await world.start(ledger), "up");
});

Deno.test("a reason for trust is kept only where it was needed", async () => {
  for (const [rows, isNeeded] of [[5, false], [9, true]] as const) {
    const world = new OldWorld(oldClaim("a", rows));
    assert.match(await world.mend(ledgerThatUsed(7), "the rest was a test"), /became/);
    const claim = world.disk.read(`/claims/${HASH}.claim`)!;
    assert.equal(claim.includes("the rest was a test"), isNeeded);
  }
});

Deno.test("an old mark that was half written is of no account", async () => {
  const torn = oldClaim("a", 9).replace("0000000000000009", "0000000000000999");
  assert.match(await new OldWorld(torn).mend(ledgerThatUsed(7)), /became/);
});

Deno.test("an old claim that is damaged is refused, and one of another content says nothing of this one", async () => {
  assert.match(
    await new OldWorld(oldClaim("a", 5).slice(3)).start(ledgerThatUsed(7)),
    /its claim \/seeds\/a\.seed\.claim is damaged/,
  );
  assert.equal(await new OldWorld(oldClaim("a", 5, "00".repeat(32))).start(new FakeLedger("b")), "up");
});
