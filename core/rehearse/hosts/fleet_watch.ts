import { type Clock, every } from "../../base/clock.ts";
import type { Totals } from "../../counters/series.ts";

/** How often the fleet is looked at. */
const LOOK_MS = 500;

/** What the fleet was like at one moment. */
interface Look {
  readonly atMs: number;
  readonly ready: number;
  readonly due: number;
  readonly answered: number;
  readonly logins: number;
}

/** How a fleet came through a loss. */
export interface Recovery {
  /** After so many seconds every user was logged in somewhere; null: not by the end. */
  readonly elsewhereS: number | null;
  /** After so many seconds enough of the shakes that were due were answered, and so it stayed for some seconds. */
  readonly answeredS: number | null;
}

/** Looks at a fleet twice a second, and says how it came through what happened. */
export class FleetWatch implements Disposable {
  readonly #looks: Look[] = [];
  readonly #stop: () => void;

  /** @param read the fleet's counters; a look that fails is left out */
  constructor(clock: Clock, read: () => Promise<Totals>) {
    let isLooking = false;
    this.#stop = every(LOOK_MS, () => {
      if (isLooking) return;
      isLooking = true;
      read().then(({ counters, gauges }) => {
        this.add({
          atMs: clock.monotonicMs(),
          ready: gauges.usersReady,
          due: counters.shakesDue,
          answered: counters.shakesAnswered,
          logins: counters.logins,
        });
      }, () => {}).finally(() => isLooking = false);
    });
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  add(look: Look): void {
    this.#looks.push(look);
  }

  /** @param percent of the shakes that are due in a second */
  recovery(sinceMs: number, untilMs: number, users: number, percent: number): Recovery {
    const looks = this.#looks.filter(({ atMs }) => atMs >= sinceMs && atMs <= untilMs);
    const lost = looks.findIndex(({ ready }) => ready < users);
    const back = looks.find(({ ready }, i) => ready >= users && i > lost);
    const isAnswered = looks.map((look, i) => {
      const before = looks[Math.max(0, i - 2)];
      const due = look.due - before.due;
      return due > 0 && look.answered - before.answered >= due * percent / 100;
    });
    // The last time that it was not so decides.
    const answered = looks[isAnswered.lastIndexOf(false) + 1];
    const secondsOf = (look: Look | undefined) => look === undefined ? null : (look.atMs - sinceMs) / 1000;
    return { elsewhereS: lost < 0 ? 0 : secondsOf(back), answeredS: secondsOf(answered) };
  }

  /** Most logins in any second from a time on. */
  mostLoginsPerS(sinceMs: number): number {
    const looks = this.#looks.filter(({ atMs }) => atMs >= sinceMs);
    return Math.max(
      0,
      ...looks.slice(2).map(({ logins, atMs }, i) =>
        (logins - looks[i].logins) / Math.max(1, (atMs - looks[i].atMs) / 1000)
      ),
    );
  }
}
