import { MOST_HOST_NUMBER } from "../../base/id_space.ts";
import { Refusal, Verdict } from "../record/entry.ts";
import { type Judgement, refuse, say } from "../record/judgement.ts";
import { MOST_PASS_AWARDS, PASS_AWARD_WORDS, PassWord } from "../record/pass_words.ts";
import type { Registry } from "../registry/registry.ts";
import { type Kind, NO_MONEY } from "./kind.ts";

const MAX_SPONSOR = 0xffff;

/** What users show of other hosts. */
export const passKinds = {
  /**
   * Awards of other hosts, as their user's pass says them; its body has the words of each. It moves no money and gives
   * nothing: it only lowers what its user may still win here. A row has those alone that were news.
   */
  carried: {
    number: 30,
    fields: { user: "user", awards: "count" },
    legs: NO_MONEY,
    hasBody: true,
    bringsHoldings: true,
    judge: carry,
    note: carry,
  },
} as const satisfies Readonly<Record<string, Kind>>;

function carry(registry: Registry, entry: Judgement): void {
  const { user, count, body = new Uint32Array() } = entry;
  entry.body = undefined;
  if (count < 1 || count > MOST_PASS_AWARDS || !areAwards(body, count)) {
    return refuse(entry, Refusal.malformed);
  }
  const news: number[] = [];
  for (let at = 0; at < count * PASS_AWARD_WORDS; at += PASS_AWARD_WORDS) {
    const packetId = body[at + PassWord.packetId];
    if (registry.hasWon(user, packetId) || registry.carried.has(user, packetId)) continue;
    const [, amountFen, sponsor, host] = body.subarray(at, at + PASS_AWARD_WORDS);
    registry.carried.add(user, packetId, sponsor, amountFen, host);
    news.push(packetId, amountFen, sponsor, host);
  }
  if (news.length === 0) return say(entry, Verdict.doneBefore);
  // A row has news only, so one that has anything else was never judged so.
  const newCount = news.length / PASS_AWARD_WORDS;
  if (entry.isStored && newCount !== count) return refuse(entry, Refusal.malformed);
  entry.count = newCount;
  entry.body = Uint32Array.from(news);
  say(entry, Verdict.done);
}

function areAwards(words: Uint32Array, count: number): boolean {
  if (words.length < count * PASS_AWARD_WORDS) return false;
  for (let at = 0; at < count * PASS_AWARD_WORDS; at += PASS_AWARD_WORDS) {
    const isOne = words[at + PassWord.packetId] !== 0 && words[at + PassWord.amountFen] !== 0 &&
      words[at + PassWord.sponsor] <= MAX_SPONSOR && words[at + PassWord.host] <= MOST_HOST_NUMBER;
    if (!isOne) return false;
  }
  return true;
}
