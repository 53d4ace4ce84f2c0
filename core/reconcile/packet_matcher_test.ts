import assert from "node:assert/strict";
import { Differences } from "./differences.ts";
import { FleetCoverage } from "./fleet_coverage.ts";
import {
  type MatchCounts,
  OPENED,
  PacketMatcher,
  RECORD_WORDS,
  RecordWord,
  SHARE,
} from "./packet_matcher.ts";
import { Stays } from "./stays.ts";

const LARGE_FEN = 5 * 2 ** 40 + 3;
const AT_MS = 1_700_000_000_000;

interface Given {
  readonly packetId: number;
  readonly origin: number;
  readonly user: number;
  readonly fen: number;
}

function held(packetId: number, user: number, fen: number, kind = 0): Given {
  return { packetId, origin: kind + 1, user, fen };
}

function seen(packetId: number, user: number, fen: number, kind = 0): Given {
  return { packetId, origin: kind, user, fen };
}

/** Matches records; user 9 has stayed since well after all of them. */
function match(...given: readonly Given[]): { counts: MatchCounts; differences: readonly string[] } {
  const differences = new Differences();
  const stays = new Stays();
  stays.add(9, AT_MS + 10_000);
  stays.add(8, AT_MS + 1_000);
  const matcher = new PacketMatcher(["a", "b"], stays, new FleetCoverage(), differences);
  for (const { packetId, origin, user, fen } of given) {
    const words = new Uint32Array(3 + RECORD_WORDS);
    words[3] = packetId;
    words[3 + RecordWord.origin] = origin;
    words[3 + RecordWord.user] = user;
    words[3 + RecordWord.amountLow] = fen;
    words[3 + RecordWord.amountHigh] = fen / 2 ** 32;
    words[3 + RecordWord.atMsLow] = AT_MS;
    words[3 + RecordWord.atMsHigh] = AT_MS / 2 ** 32;
    matcher.add(words, 3);
  }
  return { counts: matcher.finish(), differences: differences.first };
}

Deno.test("what is held and seen alike is counted, to the last fen of a large amount", () => {
  const { counts, differences } = match(
    held(1, 5, LARGE_FEN),
    seen(1, 5, LARGE_FEN),
    seen(1, 5, LARGE_FEN),
    held(2, 6, 7),
    held(3, 7, LARGE_FEN),
    seen(3, 7, LARGE_FEN),
  );
  assert.deepEqual(differences, []);
  assert.deepEqual(
    [counts.awards, counts.seen, counts.seenFen, counts.seenAgain, counts.pending, counts.pendingFen],
    [3, 2, 2 * LARGE_FEN, 1, 1, 7],
  );
});

Deno.test("what only differs in the upper half of an amount is a difference", () => {
  assert.match(match(held(1, 5, LARGE_FEN), seen(1, 5, LARGE_FEN % 2 ** 32)).differences.join(), /saw 3 fen/);
});

Deno.test("a packet in two ledgers is named with both, and with one seer wrong nothing counts as seen", () => {
  const twice = match(held(1, 5, 10), { ...held(1, 6, 10), origin: 2 });
  assert.deepEqual(twice.differences, ["packet 1: was awarded 2 times: a to user 5, b to user 6"]);
  const other = match(held(1, 5, 10), seen(1, 6, 10));
  assert.deepEqual([other.differences.length, other.counts.seen, other.counts.seenFen], [1, 0, 0]);
  assert.deepEqual(match(seen(4, 6, 10), seen(4, 7, 10)).differences.length, 2, "no ledger has it");
});

Deno.test("who stayed longer than clocks may differ must have seen their award and their share", () => {
  assert.match(match(held(1, 9, 10)).differences.join(), /user 9 never saw it/);
  assert.deepEqual(match(held(1, 8, 10)).differences, [], "a second later is no proof");
  assert.match(match(held(1, 9, 10, SHARE)).differences.join(), /user 9 never heard of their share/);
  assert.deepEqual(match(held(1, 9, 10, SHARE), seen(1, 9, 10, SHARE)).differences, []);
});

Deno.test("shares are matched by user: two of one user, and one that nobody has, are differences", () => {
  const { counts, differences } = match(
    held(1, 5, 10, SHARE),
    held(1, 6, 20, SHARE),
    seen(1, 6, 20, SHARE),
    seen(1, 6, 20, SHARE),
  );
  assert.deepEqual(differences, []);
  assert.deepEqual([counts.shares, counts.sharesSeen, counts.seenAgain, counts.awards], [2, 1, 1, 0]);
  assert.match(
    match(held(1, 5, 10, SHARE), held(1, 5, 11, SHARE)).differences.join(),
    /user 5 got two shares/,
  );
  assert.match(match(seen(1, 5, 10, SHARE)).differences.join(), /user 5 saw a share, and no ledger has it/);
  assert.match(match(held(1, 5, 10, SHARE), seen(1, 5, 9, SHARE)).differences.join(), /saw 9 fen/);
});

Deno.test("a packet is opened once, by its user, and is seen open as it is", () => {
  const { counts, differences } = match(
    held(1, 5, 10, OPENED),
    seen(1, 5, 10, OPENED),
    seen(1, 5, 10, OPENED),
    held(2, 6, 10, OPENED),
  );
  assert.deepEqual(differences, []);
  assert.deepEqual([counts.opened, counts.openedSeen], [2, 1]);
  assert.match(match(held(1, 5, 10, OPENED), held(1, 5, 10, OPENED)).differences.join(), /opened 2 times/);
  for (const wrong of [seen(1, 6, 10, OPENED), seen(1, 5, 11, OPENED), seen(2, 5, 10, OPENED)]) {
    assert.match(
      match(held(1, 5, 10, OPENED), wrong).differences.join(),
      /of it open, and no ledger has that/,
    );
  }
});
