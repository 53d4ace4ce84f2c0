import { formatCount } from "../../base/units.ts";
import type { Counters } from "../../counters/counters.ts";

/** For so long nobody has won before that is something to explain, in ms. */
const QUIET_MS = 10_000;
/** In smaller fleets a round number of packets may be chance; these are what a server's limits allow by default. */
const SMALL_FLEET = 10;
const MOST_BY_DEFAULT = 3;

/** Notices when a fleet has stopped winning since every user has as many packets as a server's limits allow. */
export class WinWatch {
  readonly #counters: Counters;
  #won = 0;
  #allGone = 0;
  /** Shakes that had won nothing when it began. */
  #nothing = 0;
  #sinceMs = 0;
  #hasTold = false;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Returns why nobody wins any more, once each time that it has come to that; call it a few times a second. */
  look(nowMs: number): string | undefined {
    const won = this.#counters.total("shakesWon") + this.#counters.total("awardsLate");
    const allGone = this.#counters.total("shakesAllGone");
    const nothing = this.#counters.total("shakesNothing");
    // Whoever is told that all packets are gone knows why.
    if (won !== this.#won || allGone !== this.#allGone) {
      this.#won = won;
      this.#allGone = allGone;
      this.#nothing = nothing;
      this.#sinceMs = nowMs;
      this.#hasTold = false;
    }
    if (this.#hasTold || nowMs - this.#sinceMs < QUIET_MS) return undefined;
    const users = this.#counters.total("usersBehaving");
    const each = won / users;
    if (nothing - this.#nothing < users) return undefined; // they hardly ask
    const isRound = won > 0 && Number.isInteger(each) && (users >= SMALL_FLEET || each <= MOST_BY_DEFAULT);
    if (!isRound) return undefined;
    this.#hasTold = true;
    return `each of ${formatCount(users)} users has won ${each === 1 ? "1 packet" : `${each} packets`}: ` +
      "a server with a ledger gives a user 3 at most, and 1 of a sponsor. " +
      "Raise its --packets-per-user and --packets-per-sponsor (0 for no limit), or play more --users";
  }
}
