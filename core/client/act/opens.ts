import type { Random } from "../../base/random.ts";
import { isForLater, Result } from "../../wire/codes.ts";
import { frames } from "../../wire/v1/frames.ts";
import { writeOpen } from "../../wire/v1/writers.ts";
import { AwardKind } from "../state/award_log.ts";
import type { Behaviour } from "../population/behaviour.ts";
import { UserState } from "../state/fleet_users.ts";
import { Later } from "../schedule/later.ts";
import { FleetMetric as M } from "../state/metrics.ts";
import { userIdOf } from "../../base/segment.ts";
import { Award, WonPackets } from "../state/won_packets.ts";
import type { FleetCommon } from "../state/fleet_common.ts";

/** Knuth's multiplicative hashing: users that open are spread over all ids. */
const MULTIPLIER = 0x9e37_79b1;

/** How soon after a login elsewhere. */
const ASK_AGAIN_MS = 200;

export interface FleetOpensParts extends FleetCommon {
  readonly random: Random;
}

/** Version 1 users who open what they have won: at once, or later, or never; and what comes of it. */
export class FleetOpens {
  behaviour: Behaviour;
  readonly #parts: FleetOpensParts;
  readonly #later = new Later();
  readonly #opened = new WonPackets();
  /** By user: packets that they want to open and haven't yet. Another host than the packet's tells nobody of it again. */
  readonly #unopened = new Map<number, Set<number>>();

  constructor(parts: FleetOpensParts, behaviour: Behaviour) {
    this.#parts = parts;
    this.behaviour = behaviour;
  }

  /** When the next is to be opened, in monotonic ms. */
  get nextDueMs(): number {
    return this.#later.nextDueMs;
  }

  /** The user hears of a packet that they have won, for the first time or again. Returns whether they will open it. */
  awarded(user: number, packetId: number): boolean {
    const { slice, random, time } = this.#parts;
    const userId = userIdOf(slice, user);
    if (this.#opened.has(packetId, userId)) return false;
    const { openPercent, openAfterMs: [least, most] } = this.behaviour;
    // Who never opens never does, however often they are told.
    if ((Math.imul(userId, MULTIPLIER) >>> 0) % 100 >= openPercent) return false;
    this.#remember(user, packetId);
    const waitMs = least + (most - least) * (most > least ? random.float() : 0);
    if (waitMs === 0) this.#open(user, packetId);
    else this.#later.add(user, packetId, time.nowMs + waitMs);
    return true;
  }

  /** The answer of a server. Returns whether the packet is open. */
  answered(user: number, packetId: number, result: number, amountFen: number, retryMs: number): boolean {
    const { slice, block, awards, time } = this.#parts;
    if (isForLater(result)) {
      block[M.opensBusy]++;
      this.#later.add(user, packetId, time.nowMs + Math.max(1, retryMs));
      return false;
    }
    this.#forget(user, packetId);
    if (result !== Result.ok) {
      block[M.opensRefused]++;
      return false;
    }
    const userId = userIdOf(slice, user);
    if (this.#opened.addTicket(packetId, userId) !== Award.fresh) return true;
    block[M.packetsOpened]++;
    block[M.amountOpenedFen] += amountFen;
    if (awards?.add(userId, packetId, amountFen, AwardKind.open, time.wallMs) === false) {
      block[M.awardsUnwritten]++;
    }
    return true;
  }

  /** The user is at another host than before: they ask there for what isn't open yet. */
  moved(user: number): void {
    for (const packetId of this.#unopened.get(user) ?? []) {
      this.#later.add(user, packetId, this.#parts.time.nowMs + ASK_AGAIN_MS);
    }
  }

  /** Opens what is due. */
  tick(): void {
    this.#later.tick(this.#parts.time.nowMs, this.#open);
  }

  #remember(user: number, packetId: number): void {
    const packets = this.#unopened.get(user);
    if (packets === undefined) this.#unopened.set(user, new Set([packetId]));
    else packets.add(packetId);
  }

  #forget(user: number, packetId: number): void {
    const packets = this.#unopened.get(user);
    if (packets?.delete(packetId) && packets.size === 0) this.#unopened.delete(user);
  }

  readonly #open = (user: number, packetId: number): void => {
    const { engine, users, block, time } = this.#parts;
    if (this.#opened.has(packetId, userIdOf(this.#parts.slice, user))) return;
    // A user who has left, or whose server doesn't read, is told again at their next login.
    if (users.state[user] !== UserState.ready) return;
    const connection = users.connection[user];
    const at = engine.reserve(connection, frames.open.bytes[0]);
    if (at < 0) return;
    const size = writeOpen(engine.output.view, at, time.wallMs, packetId);
    engine.commit(connection, size);
    block[M.opensSent]++;
    block[M.bytesOut] += size;
  };
}
