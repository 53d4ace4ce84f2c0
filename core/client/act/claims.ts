import { record } from "../../counters/histogram.ts";
import type { Random } from "../../base/random.ts";
import { isForLater, Opcode, Result } from "../../wire/codes.ts";
import { FRAME_BYTES, writeClaimRequest } from "../../wire/version0.ts";
import { frames } from "../../wire/v1/frames.ts";
import { writeClaim } from "../../wire/v1/writers.ts";
import { AwardKind } from "../state/award_log.ts";
import type { Behaviour } from "../population/behaviour.ts";
import { elapsedUs, UserState } from "../state/fleet_users.ts";
import { Later } from "../schedule/later.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { userIdOf } from "../../base/segment.ts";
import { ANSWER_TIMEOUT_MS } from "../state/stall_watch.ts";
import { Award } from "../state/won_packets.ts";
import type { FleetCommon } from "../state/fleet_common.ts";

const PACKETS = 0x1_0000_0000;

export interface FleetClaimsParts extends FleetCommon {
  readonly claimLatency: Uint32Array;
  readonly random: Random;
}

/** What users do when they hear of a packet: claim at once, or later, or not at all; and what comes of it. */
export class FleetClaims {
  behaviour: Behaviour;
  readonly #parts: FleetClaimsParts;
  readonly #later = new Later();
  /** By user and packet: when the claim left, in microseconds modulo 2^32. */
  readonly #sentUs = new Map<number, number>();

  constructor(parts: FleetClaimsParts, behaviour: Behaviour) {
    this.#parts = parts;
    this.behaviour = behaviour;
  }

  /** When the next late claim is due, in monotonic ms. */
  get nextDueMs(): number {
    return this.#later.nextDueMs;
  }

  noticed(user: number, packetId: number): void {
    const { random, block } = this.#parts;
    block[M.noticesReceived]++;
    const { claimPercent, claimAfterMs: [least, most] } = this.behaviour;
    if (claimPercent < 100 && random.float() * 100 >= claimPercent) return void block[M.noticesIgnored]++;
    const waitMs = least + (most - least) * (most > least ? random.float() : 0);
    if (waitMs === 0) this.#claim(user, packetId);
    else this.#wait(user, packetId, waitMs);
  }

  /** The answer of a server, which version 0 tells by the amount alone. */
  answered(user: number, packetId: number, result: number, amountFen: number, retryMs: number): void {
    const { block, claimLatency, time } = this.#parts;
    const sentUs = this.#sentUs.get(user * PACKETS + packetId);
    if (sentUs !== undefined) {
      this.#sentUs.delete(user * PACKETS + packetId);
      record(claimLatency, elapsedUs(sentUs, time.nowUs));
      block[M.claimsAnswered]++;
    }
    if (amountFen > 0) return this.#paid(user, packetId, amountFen);
    if (isForLater(result)) {
      block[M.claimsBusy]++;
      return this.#wait(user, packetId, Math.max(1, retryMs));
    }
    block[result === Result.expired ? M.claimsExpired : M.claimsEmpty]++;
  }

  /** Sends the late claims that are due. */
  tick(): void {
    this.#later.tick(this.#parts.time.nowMs, this.#claim);
  }

  /** Counts what has waited for too long as lost. Claims are in the order in which they left. */
  upkeep(): void {
    const { block, time } = this.#parts;
    for (const [claim, sentUs] of this.#sentUs) {
      if (elapsedUs(sentUs, time.nowUs) <= ANSWER_TIMEOUT_MS * 1000) return;
      this.#sentUs.delete(claim);
      block[M.claimsLost]++;
    }
  }

  #wait(user: number, packetId: number, waitMs: number): void {
    this.#later.add(user, packetId, this.#parts.time.nowMs + waitMs);
  }

  readonly #claim = (user: number, packetId: number): void => {
    const { engine, users, slice, block, time, protocol } = this.#parts;
    // A user who has left, or whose server doesn't read, hears of it again after their next login.
    if (users.state[user] !== UserState.ready) return;
    const connection = users.connection[user];
    const bytes = protocol === 0 ? FRAME_BYTES[Opcode.claimRequest] : frames.claim.bytes[0];
    const at = engine.reserve(connection, bytes);
    if (at < 0) return;
    const { view } = engine.output;
    const size = protocol === 0
      ? writeClaimRequest(view, at, time.unixSeconds, userIdOf(slice, user), packetId)
      : writeClaim(view, at, time.wallMs, packetId);
    engine.commit(connection, size);
    // A claim that is repeated, after another login, takes the place of the one before.
    if (this.#sentUs.delete(user * PACKETS + packetId)) block[M.claimsLost]++;
    this.#sentUs.set(user * PACKETS + packetId, time.nowUs);
    block[M.claimsSent]++;
    block[M.bytesOut] += size;
  };

  #paid(user: number, packetId: number, amountFen: number): void {
    const { slice, block, awards, won, time } = this.#parts;
    const userId = userIdOf(slice, user);
    if (won.addShare(packetId, userId) === Award.repeated) return void block[M.awardsRepeated]++;
    block[M.claimsPaid]++;
    block[M.amountClaimedFen] += amountFen;
    if (awards?.add(userId, packetId, amountFen, AwardKind.claim, time.wallMs) === false) {
      block[M.awardsUnwritten]++;
    }
  }
}
