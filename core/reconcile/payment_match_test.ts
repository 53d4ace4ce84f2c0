/** Whatever state an award has in the books, and whatever the gateway says of it: together they are right or a difference. */
import assert from "node:assert/strict";
import { AwardState } from "../books/account/award_state.ts";
import type { BooksAward } from "../books/account/statements.ts";
import type { Books } from "../books/contract/books.ts";
import { Differences } from "./differences.ts";
import { matchPayments, type PaymentCounts } from "./payment_match.ts";

const LARGE_FEN = 5 * 2 ** 40 + 3;

function award(packetId: number, state: AwardState, user = 5, fen = 70): BooksAward {
  return { packetId, state, user, fen, host: 1, seq: packetId, sponsor: 1, openedS: 9, reason: "" };
}

async function match(
  awards: readonly BooksAward[],
  lines: readonly string[],
): Promise<PaymentCounts & { differences: readonly string[]; progress: readonly string[] }> {
  const path = Deno.makeTempFileSync();
  Deno.writeTextFileSync(path, ["key,user,amount_fen,outcome", ...lines, ""].join("\n"));
  async function* blocks() {
    yield awards.slice(0, 2);
    yield awards.slice(2);
  }
  const books = { event: { event: "gala" }, statements: { awards: blocks } } as unknown as Books;
  const differences = new Differences();
  const progress: string[] = [];
  try {
    const counts = await matchPayments(books, path, differences, (what, n) => progress.push(`${what} ${n}`));
    return { ...counts, differences: differences.first, progress };
  } finally {
    Deno.removeSync(path);
  }
}

/** By state: what is said when the gateway has paid it, has refused it, doesn't know it; undefined if that is right. */
const EXPECTED: Readonly<Record<keyof typeof AwardState, readonly (string | undefined)[]>> = {
  queued: [
    "is queued in the books, and paid at the gateway. Let redpkt payout ask, or wait for it",
    "is queued in the books, and refused at the gateway. Let redpkt payout ask",
    undefined,
  ],
  sending: [
    "is sending in the books, and paid at the gateway. Let redpkt payout ask, or wait for it",
    "is sending in the books, and refused at the gateway. Let redpkt payout ask",
    undefined,
  ],
  paid: [
    undefined,
    "is paid in the books, and refused at the gateway",
    "is paid in the books, and the gateway doesn't know it",
  ],
  refused: ["is refused in the books, and paid at the gateway", undefined, undefined],
  unknown: [
    "is unknown in the books, and paid at the gateway. Let redpkt payout ask, or wait for it",
    "is unknown in the books, and refused at the gateway. Let redpkt payout ask",
    undefined,
  ],
  held: [
    "is held in the books, and paid at the gateway. Let redpkt payout ask, or wait for it",
    "is held in the books, and refused at the gateway. Let redpkt payout ask",
    undefined,
  ],
  overUser: [
    "is overUser in the books, and paid at the gateway",
    "is overUser in the books, and refused at the gateway. Let redpkt payout ask",
    undefined,
  ],
  overSponsor: [
    "is overSponsor in the books, and paid at the gateway",
    "is overSponsor in the books, and refused at the gateway. Let redpkt payout ask",
    undefined,
  ],
  revoked: [
    "is revoked in the books, and paid at the gateway",
    "is revoked in the books, and refused at the gateway. Let redpkt payout ask",
    undefined,
  ],
};

for (const [name, expected] of Object.entries(EXPECTED)) {
  Deno.test(`an award that is ${name} agrees with one word of the gateway, or with none`, async () => {
    const state = AwardState[name as keyof typeof AwardState];
    for (const [i, outcome] of ["paid", "refused", undefined].entries()) {
      const lines = outcome === undefined ? [] : [`gala/8,5,70,${outcome}`];
      const found = await match([award(7, AwardState.queued), award(8, state)], lines);
      const words = expected[i];
      assert.deepEqual(found.differences, words === undefined ? [] : [`gala/8: ${words}`], `${outcome}`);
      const isAgreed = state === AwardState.paid && outcome === "paid";
      assert.deepEqual([found.paid, found.paidFen], isAgreed ? [1, 70] : [0, 0]);
    }
  });
}

Deno.test("payments that agree are counted to the last fen, and those of other events by themselves", async () => {
  const found = await match([
    award(1, AwardState.paid, 5, LARGE_FEN),
    award(2, AwardState.paid, 6, 1),
    award(0xffff_ffff, AwardState.paid, 0xffff_ffff, 2 ** 32 - 1),
  ], [
    "other/1,5,7,paid",
    "gala/2,6,1,paid",
    `gala/4294967295,4294967295,4294967295,paid`,
    "gala2/1,5,7,refused",
    `gala/1,5,${LARGE_FEN},paid`,
  ]);
  assert.deepEqual(found.differences, []);
  assert.deepEqual([found.paid, found.paidFen, found.others], [3, LARGE_FEN + 2 ** 32, 2]);
  assert.deepEqual(found.progress.slice(0, 2), ["awards in the books 2", "awards in the books 1"]);
});

Deno.test("an amount of which only the upper half differs, and a user, are told", async () => {
  const fen = LARGE_FEN % 2 ** 32;
  assert.deepEqual(
    (await match([award(1, AwardState.paid, 5, LARGE_FEN)], [`gala/1,5,${fen},paid`])).differences,
    [
      `gala/1: is ${LARGE_FEN} fen to user 5 in the books, and ${fen} fen to user 5 at the gateway`,
    ],
  );
  const user = await match([award(1, AwardState.paid)], ["gala/1,6,70,paid"]);
  assert.deepEqual([user.differences.length, user.paid, user.paidFen], [1, 0, 0]);
});

Deno.test("what one of them has twice, and keys that no packet can have, are told", async () => {
  const twice = await match(
    [award(1, AwardState.paid), award(1, AwardState.paid), award(2, AwardState.paid)],
    [
      "gala/1,5,70,paid",
      "gala/2,5,70,paid",
      "gala/2,5,70,paid",
      "gala/2,5,70,refused",
    ],
  );
  assert.deepEqual(twice.differences, [
    "gala/1: is in the books twice",
    "gala/2: is 3 times in the gateway's statement",
  ]);
  for (const key of ["0", "07", "4294967296", "1x", "12345678901", ""]) {
    const { differences } = await match([], [`gala/${key},5,70,paid`]);
    assert.deepEqual(differences, [`gala/${key}: the gateway paid it, and no packet can have this key`]);
  }
  const { differences } = await match([], ["gala/4294967295,5,70,paid", "gala/9,5,70,refused"]);
  assert.deepEqual(differences, [
    "gala/9: is known to the gateway, and not to the books",
    "gala/4294967295: is known to the gateway, and not to the books",
  ]);
});

Deno.test({
  name: "what was sorted on the way is gone afterwards, also when the statement is none",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const sorting = () =>
      [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
        try {
          return Deno.readLinkSync(`/proc/self/fd/${name}`).includes("redpkt-sort-");
        } catch {
          return false; // closed meanwhile
        }
      }).length;
    const before = sorting();
    await match([award(1, AwardState.paid)], ["gala/1,5,70,paid"]);
    await assert.rejects(match([award(1, AwardState.paid)], ["gala/1,5,70,perhaps"]), /line 2 is no payment/);
    assert.equal(sorting(), before);
  },
});

Deno.test("the words of a gateway's statement may be quoted, and lie anywhere in a large file", async () => {
  const lines = Array.from({ length: 30_000 }, (_, i) => `other/${i},5,7,paid,"no, ""really""",1,5`);
  lines.splice(20_000, 0, 'gala/3,5,70,"paid","a, b",1,5', '"gala/4",6,80,refused');
  const found = await match([award(3, AwardState.paid), award(4, AwardState.refused, 6, 80)], lines);
  assert.deepEqual(found.differences, []);
  assert.deepEqual([found.paid, found.paidFen, found.others], [1, 70, 30_000]);
});
