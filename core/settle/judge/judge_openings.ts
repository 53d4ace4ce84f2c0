import { assert } from "../../base/assert.ts";
import { AwardState } from "../../books/account/award_state.ts";
import type { BooksEvent } from "../../books/contract/event.ts";
import type { Opening } from "../../books/contract/openings.ts";
import { compareOpenings } from "./opening_order.ts";

/** How many packets a user may be paid, over all hosts; `Infinity` for no limit. */
export type SettlementLimits = Pick<BooksEvent, "packetsPerUser" | "packetsPerSponsor">;

/** What the books know that bears on a batch of openings. */
export interface Standing {
  readonly limits: SettlementLimits;
  /** By user: the sponsors of what they were given so far, one for each packet. */
  readonly holders: ReadonlyMap<number, readonly number[]>;
  /** Packets of the batch that were judged before: another host's ledger had them too. */
  readonly settled: Pick<ReadonlySet<number>, "has">;
  isRevoked(packetId: number): boolean;
  isHeld(user: number, packetId: number): boolean;
}

/** What becomes of a batch. */
export interface Judged {
  /** By opening, in their order; 0 for a packet that was judged before, of which nothing changes. */
  readonly states: readonly (AwardState | 0)[];
  /** Users who were given something, with all their sponsors now. */
  readonly holders: ReadonlyMap<number, readonly number[]>;
}

/**
 * The one judge of settlement, for every backend. Who is first in the order of openings is given the packet, until a
 * limit is reached.
 *
 * @param openings in their order, and nobody else judges these users meanwhile
 */
export function judgeOpenings(openings: readonly Opening[], standing: Standing): Judged {
  const { limits } = standing;
  const states: (AwardState | 0)[] = [];
  const changed = new Map<number, number[]>();
  const inBatch = new Set<number>();
  for (const [i, opening] of openings.entries()) {
    assert(i === 0 || compareOpenings(openings[i - 1], opening) < 0, "openings are judged in their order");
    const { packetId, user, sponsor } = opening;
    if (standing.settled.has(packetId) || inBatch.has(packetId)) {
      states.push(0);
      continue;
    }
    inBatch.add(packetId);
    const sponsors = changed.get(user) ?? standing.holders.get(user) ?? [];
    const state = stateOf(opening, sponsors, standing, limits);
    states.push(state);
    // A held one keeps its place, so that its release pays nobody over a limit and takes nothing from anybody.
    if (state !== AwardState.queued && state !== AwardState.held) continue;
    if (changed.has(user)) changed.get(user)!.push(sponsor);
    else changed.set(user, [...sponsors, sponsor]);
  }
  return { states, holders: changed };
}

function stateOf(
  { packetId, user, sponsor }: Opening,
  sponsors: readonly number[],
  standing: Standing,
  { packetsPerUser, packetsPerSponsor }: SettlementLimits,
): AwardState {
  if (standing.isRevoked(packetId)) return AwardState.revoked;
  if (sponsors.length >= packetsPerUser) return AwardState.overUser;
  let ofSponsor = 0;
  for (const held of sponsors) if (held === sponsor) ofSponsor++;
  if (ofSponsor >= packetsPerSponsor) return AwardState.overSponsor;
  return standing.isHeld(user, packetId) ? AwardState.held : AwardState.queued;
}
