import { UserError } from "../../base/user_error.ts";
import type { Clock } from "../../base/clock.ts";
import type { SimNetwork as SimBus } from "../../bus/sim_network.ts";
import type { SigningKey } from "../../seed/file/keys.ts";
import { ConsoleFolder } from "../../show/console/console_folder.ts";
import { Director } from "../../show/console/director.ts";
import type { OpenConsole } from "../../show/console/open_console.ts";
import { perform, type Wish } from "../../show/console/perform.ts";
import { ShowConsole } from "../../show/console/show_console.ts";
import type { PlannedWave } from "../../show/document.ts";
import type { SignedShow } from "../../show/signed.ts";
import type { VirtualTime } from "../parts/virtual_time.ts";
import type { WorldKeys } from "../parts/world_keys.ts";

const PAUSE_MS = 20;
const CONFIRM_MS = 2_000;
/** An operator to whom something was refused tries again. */
const AGAIN_MS = 3_000;

export interface WorldShowParts {
  readonly event: string;
  readonly folder: string;
  readonly keys: WorldKeys;
  readonly buses: readonly SimBus[];
  readonly clock: Clock;
  readonly time: VirtualTime;
}

/** Who directs the show: real consoles in folders of their own, one of which acts at a time. */
export class WorldShow {
  /** Actions that were done, and refusals that an operator read. */
  done = 0;
  refused = 0;
  readonly #parts: WorldShowParts;
  #open: OpenConsole;
  #consoles = 0;
  /** One thing after the other, as one operator does. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: WorldShowParts) {
    this.#parts = parts;
    this.#open = this.#console(parts.keys.director);
  }

  /** The newest document that was issued. */
  get newest(): SignedShow | undefined {
    return this.#open.folder.history(this.#parts.keys.trusted).at(-1);
  }

  /** Does it, and again until it is done or has been refused so often. */
  async act(
    action: string,
    operands: readonly string[] = [],
    tries = 1,
    waves?: PlannedWave[],
  ): Promise<boolean> {
    const wish: Wish = {
      action,
      operands,
      quorumPercent: 1,
      confirmMs: CONFIRM_MS,
      isReplacing: true,
      approvers: [this.#parts.keys.second],
      ...(waves === undefined ? {} : { waves }),
    };
    const turn = this.#last.then(() => this.#try(wish, tries));
    this.#last = turn.catch(() => {});
    return await turn;
  }

  /** A second console takes the show over, and directs from then on. */
  async takeOver(): Promise<boolean> {
    await this.#last;
    const before = this.#open;
    this.#open = this.#console(this.#parts.keys.second);
    if (await this.act("takeover")) return true;
    for (const bus of this.#open.director.buses) void bus.close();
    this.#open = before;
    return false;
  }

  async #try(wish: Wish, tries: number): Promise<boolean> {
    for (let left = tries; left > 0; left--) {
      try {
        await perform(this.#open, wish, this.#parts.clock.wallMs());
        this.done++;
        return true;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.refused++;

        if (left > 1) await this.#parts.time.sleep(AGAIN_MS);
      }
    }
    return false;
  }

  #console(key: SigningKey): OpenConsole {
    const { event, folder: root, keys: { trusted }, buses, clock, time } = this.#parts;
    const folder = new ConsoleFolder(`${root}/console-${++this.#consoles}`);
    const director = new Director({
      event,
      name: `console-${key.id}`,
      buses: buses.map(({ hub }) => hub.join("model")),
      trusted,
      key,
      clock,
    });
    director.start();
    const pause = () => time.sleep(PAUSE_MS);
    const console = new ShowConsole({ folder, director, trusted, key, who: "world", clock, pause });
    return { console, folder, director, key, trusted, event, close: () => Promise.resolve() };
  }
}
