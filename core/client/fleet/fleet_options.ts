import type { Counters } from "../../counters/counters.ts";
import type { DialTarget, Engine } from "../../engine/common/engine.ts";
import type { Random } from "../../base/random.ts";
import type { Mailbox } from "../../threads/mailbox.ts";
import type { Clock } from "../../base/clock.ts";
import type { Tokens } from "../../token/token.ts";
import type { AwardLog } from "../state/award_log.ts";
import type { Behaviour } from "../population/behaviour.ts";
import type { BackoffOptions } from "../schedule/backoff.ts";
import type { MisbehaviourShares } from "../population/misbehaviour.ts";
import type { HeardCue, HeardResources } from "../follow/heard.ts";
import type { Gap } from "../schedule/think_time.ts";
import type { Pacing } from "../schedule/pacing.ts";
import type { DialedHosts } from "../../hosts/order/dialed_hosts.ts";
import type { UserSlice } from "../../base/segment.ts";

/** How long a user waits for an answer before they count it as not coming. */
export const DEFAULT_PATIENCE_MS = 5_000;
/** After so long an answer is of no use any more. */
export const DEFAULT_IN_TIME_MS = 1_000;

/** What a fleet's users do: plain values, which are parsed once and go to each thread whole. */
export interface FleetSettings {
  /** The users, of `total` on all hosts. */
  readonly slice: UserSlice;
  readonly total: number;
  /** Shakes a second of all hosts together. */
  readonly qps: number;
  readonly pacing: Pacing;
  /** User `i` of the slice dials pair `pairFirst + i * pairStride`, round and round; unless there are `hosts`. */
  readonly targets: readonly DialTarget[];
  /** A host list that says where users go, from which of these source addresses. */
  readonly hosts?: { readonly list: DialedHosts; readonly sources: readonly number[] } | undefined;
  /** Connects a second of these users. */
  readonly connectRate: number;
  /** What users do besides shaking. */
  readonly behaviour?: Behaviour | undefined;
  /** The protocol's version that users speak; 0 if absent. */
  readonly protocol?: 0 | 1 | undefined;
  /** Users shake at a pace of their own, besides the `qps` of the schedule. */
  readonly gap?: Gap | undefined;
  /** Part of the users that misbehaves. */
  readonly misbehave?: MisbehaviourShares | undefined;
  /** Part of the users that follows neither cues nor policies, 0 to 1; nobody if absent. */
  readonly disobey?: number | undefined;
  /** Part of the users that shows no host what they have won elsewhere, 0 to 1; nobody if absent. Version 1 only. */
  readonly hidePasses?: number | undefined;
  /** How long a user stays at one server before they go to the next, in ms; for ever if absent. */
  readonly roam?: Gap | undefined;
  /** How long a user waits for an answer, in ms, 0: as long as connected; {@linkcode DEFAULT_PATIENCE_MS} if absent. */
  readonly patienceMs?: number | undefined;
  /** Version 1: most unanswered shakes of one user, up to `MOST_OPEN`, which it is if absent. Version 0 has one. */
  readonly mostOpen?: number | undefined;
  /** An answer within this time is a good one, in ms; {@linkcode DEFAULT_IN_TIME_MS} if absent. */
  readonly inTimeMs?: number | undefined;
}

/** What a fleet is made with. */
export interface FleetOptions extends FleetSettings {
  /** Has room for every user of the slice; with hosts also for some who are about to move. */
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  /** Made of `fleetMetrics`; the fleet counts in block `block`. */
  readonly counters: Counters;
  readonly block: number;
  readonly pairFirst?: number;
  readonly pairStride?: number;
  /** What version 1's tokens are made with; without it they are empty, which a server takes that checks none. */
  readonly tokens?: Tokens | undefined;
  readonly backoff?: BackoffOptions;
  /** Where orders come from. */
  readonly orders?: Mailbox;
  /** Told of cues that no user had heard before. */
  readonly onCue?: (cue: HeardCue) => void;
  /** Told of a manifest or a depot that no user had heard of before. */
  readonly onResources?: (resources: HeardResources) => void;
  /** Where awards go. */
  readonly awards?: AwardLog | undefined;
}
