import assert from "node:assert/strict";
import { EntryKind } from "../ledger/kinds/entry_kinds.ts";
import {
  ENTRY_WORDS,
  EntryWord,
  PAYLOAD_AT,
  PAYLOAD_WORDS,
  Refusal,
  setEntryAmountFen,
  Verdict,
} from "../ledger/record/entry.ts";
import {
  FIRST_SENT_ID,
  hostNumberOf,
  idSpaceOf,
  LAST_TICKET_ID,
  mayMint,
  MOST_HOST_NUMBER,
} from "./id_space.ts";
import { Judge } from "../ledger/judge/judge.ts";
import { emptyJudgement, type Judgement } from "../ledger/record/judgement.ts";
import { sendBodyWords } from "../ledger/record/send_body.ts";

Deno.test("no id can come from two hosts, and none from a host and a seed file but host number 0", () => {
  const ranges: [first: number, last: number][] = [[1, LAST_TICKET_ID]];
  for (let host = 0; host <= MOST_HOST_NUMBER; host++) {
    const { firstGenerated, lastGenerated, firstSent, lastSent } = idSpaceOf(host);
    ranges.push([lastSent, firstSent]);
    if (host === 0) assert.deepEqual([firstGenerated, lastGenerated], ranges[0]);
    else assert.deepEqual([firstGenerated, lastGenerated], [lastSent, firstSent], "both share one range");
  }
  ranges.sort(([a], [b]) => a - b);
  ranges.forEach(([first, last], i) => {
    assert.ok(first <= last && first >= 1 && last <= 0xffff_ffff);
    assert.ok(i === 0 || ranges[i - 1][1] < first, `${first} is in two ranges`);
  });
  assert.equal(idSpaceOf(0).lastSent, idSpaceOf(MOST_HOST_NUMBER).lastGenerated + 1, "no id is left out");
});

Deno.test("a host makes tickets and packets of its own range, to the last id of it", () => {
  for (const host of [0, 1, 512, MOST_HOST_NUMBER]) {
    const ids = idSpaceOf(host);
    const { firstGenerated, lastGenerated } = ids;
    assert.ok(mayMint(ids, 1, LAST_TICKET_ID));
    assert.ok(!mayMint(ids, 2, LAST_TICKET_ID));
    assert.ok(mayMint(ids, firstGenerated, 1) && mayMint(ids, lastGenerated, 1));
    assert.ok(!mayMint(ids, lastGenerated, 2));
    assert.ok(!mayMint(ids, lastGenerated + 1, 1));
    if (host > 0) assert.ok(!mayMint(ids, firstGenerated - 1, 2));
    assert.ok(!mayMint(ids, 0xffff_fff0, 16), "the last ids of all are of what users send");
  }
});

/** A judge of one host, asked as a ring asks it. */
class Asked {
  readonly judge: Judge;
  readonly #words = new Int32Array(ENTRY_WORDS);
  readonly #judgement = emptyJudgement();

  constructor(hostNumber: number) {
    this.judge = new Judge(undefined, undefined, idSpaceOf(hostNumber));
  }

  mint(packetId: number, count: number): Judgement {
    return this.#ask(EntryKind.mint, packetId, count, count, 1);
  }

  send(requestId: number): Judgement {
    const body = sendBodyWords({
      mode: 1,
      group: 0,
      deadlineMs: 1,
      requestId,
      recipients: Uint32Array.of(1),
      shares: Uint32Array.of(5),
    });
    for (let at = 0; at < body.length; at += PAYLOAD_WORDS) {
      this.#words.fill(0)[EntryWord.kind] = EntryKind.part;
      this.#words.set(body.subarray(at, at + PAYLOAD_WORDS), PAYLOAD_AT);
      this.judge.judge(this.#words, 0, this.#judgement);
    }
    return this.#ask(EntryKind.send, 0, 1, 5, 1);
  }

  #ask(kind: number, packetId: number, count: number, amountFen: number, sponsor: number): Judgement {
    const words = this.#words.fill(0);
    words[EntryWord.kind] = kind;
    words[EntryWord.packetId] = packetId;
    words[EntryWord.count] = count;
    words[EntryWord.sponsor] = sponsor;
    setEntryAmountFen(words, 0, amountFen);
    this.judge.judge(words, 0, this.#judgement);
    return this.#judgement;
  }
}

Deno.test("the ledger refuses packets of another host's range", () => {
  const asked = new Asked(3);
  const { firstGenerated } = idSpaceOf(3);
  assert.equal(asked.mint(1, 10).verdict, Verdict.done, "tickets may be anybody's");
  for (const other of [2, 4]) {
    assert.equal(asked.mint(idSpaceOf(other).firstGenerated, 1).detail, Refusal.idsTaken);
  }
  assert.equal(asked.mint(firstGenerated, 1 << 20).verdict, Verdict.done);
  assert.equal(asked.send(1).detail, Refusal.idsTaken, "nothing is left of the range");
});

Deno.test("sent packets go down in their host's range until they meet the generated ones", () => {
  const asked = new Asked(3);
  const { firstGenerated, firstSent } = idSpaceOf(3);
  assert.equal(asked.mint(1, 10).verdict, Verdict.done);
  assert.deepEqual([asked.send(1).packetId, asked.send(2).packetId], [firstSent, firstSent - 1]);
  assert.equal(asked.mint(firstGenerated, (1 << 20) - 1).detail, Refusal.idsTaken);
  assert.equal(asked.mint(firstGenerated, (1 << 20) - 2).verdict, Verdict.done);
  assert.equal(asked.send(3).detail, Refusal.idsTaken);
  assert.equal(new Asked(0).send(1).packetId, 0xffff_ffff);
});

Deno.test("an id tells whose it is: each end of each range, tickets and what host 0 sends", () => {
  for (const number of [1, 2, 512, MOST_HOST_NUMBER]) {
    const { firstGenerated, lastGenerated } = idSpaceOf(number);
    assert.deepEqual([hostNumberOf(firstGenerated), hostNumberOf(lastGenerated)], [number, number]);
    assert.equal(hostNumberOf(firstGenerated + (1 << 19)), number);
  }
  const ofNobody = [1, LAST_TICKET_ID, LAST_TICKET_ID + 1, idSpaceOf(1).firstGenerated - 1];
  for (const id of [...ofNobody, idSpaceOf(0).lastSent, FIRST_SENT_ID]) {
    assert.equal(hostNumberOf(id), 0, `${id}`);
  }
});
