import { every } from "../../base/clock.ts";
import type { Clock } from "../../base/clock.ts";
import { versionText } from "../document.ts";
import { CHANGES } from "./actions.ts";
import { parseSpan } from "./arguments.ts";
import type { JournalLine } from "./journal.ts";
import type { OpenConsole } from "./open_console.ts";
import { perform } from "./perform.ts";
import { type ShowStatus, statusOf } from "./status.ts";
import { wrongLines } from "./status_text.ts";
import { UserError } from "../../base/user_error.ts";

const TURN_MS = 100;
const TELL_MS = 500;
const MAX_LINES = 50;

/** The show as a page has it. */
export interface DeskView {
  readonly status: ShowStatus;
  /** What somebody should look at, a line each. */
  readonly wrong: readonly string[];
  /** The latest first. */
  readonly journal: readonly Pick<JournalLine, "at" | "who" | "action" | "version" | "result">[];
}

/** What is asked for on a page. */
export interface DeskOrder {
  readonly action: string;
  readonly operands: readonly string[];
  /** When it is to be, from now on, such as `10s`; empty for no word. */
  readonly in: string;
  readonly who: string;
}

/**
 * A console that stays: it shows who has the show, answers hosts' clocks, and does what commands do. Commands of the same
 * folder may come beside it.
 */
export class ShowDesk {
  readonly #open: OpenConsole;
  readonly #clock: Clock;
  readonly #ends: (() => void)[];
  #journal: { readonly size: number; readonly lines: JournalLine[]; readonly problems: string[] } | undefined;
  readonly #listeners = new Set<(view: DeskView) => void>();

  /** @param open it closes it */
  constructor(open: OpenConsole, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
    // Hosts say by themselves what they are; only a change waits for them.
    open.director.isAsking = false;
    this.#ends = [
      every(TURN_MS, () => open.director.turn()),
      every(TELL_MS, () => {
        const view = this.view();
        for (const listener of this.#listeners) listener(view);
      }),
    ];
  }

  view(): DeskView {
    const { console, director, folder, trusted } = this.#open;
    const status = statusOf(director, console.newest(), folder.roster, this.#clock.wallMs());
    // Proving every line again twice a second would be for nothing.
    const { size } = folder.journal;
    if (this.#journal?.size !== size) this.#journal = { size, ...folder.journal.read(trusted) };
    const { lines, problems } = this.#journal;
    const journal = lines.slice(-MAX_LINES).reverse().map(({ at, who, action, version, result }) => ({
      ...{ at, who, action, version, result },
    }));
    return { status, wrong: [...wrongLines(status).map((line) => line.trim()), ...problems], journal };
  }

  /** Calls with the show, twice a second, until the returned function is called. */
  subscribe(onView: (view: DeskView) => void): () => void {
    this.#listeners.add(onView);
    return () => this.#listeners.delete(onView);
  }

  /** Does it; returns what became of it. @throws UserError */
  async act({ action, operands, in: inText, who }: DeskOrder): Promise<string> {
    if (!Object.hasOwn(CHANGES, action)) throw new UserError(`${action}: no such change of a show`);
    const inMs = inText === "" ? undefined : parseSpan(inText);
    if (inText !== "" && inMs === undefined) throw new UserError(`in: ${inText}: give a time such as 10s`);
    const nowMs = this.#clock.wallMs();
    const result = await perform(this.#open, {
      action,
      operands,
      atMs: inMs === undefined ? undefined : nowMs + inMs,
      quorumPercent: 90,
      confirmMs: 1_000,
      isReplacing: false,
      approvers: [],
      ...(who === "" ? {} : { who }),
    }, nowMs);
    if (result.kind === "proposed") {
      return `changes the plan: a second person must approve ${result.path} (redpkt show approve), then redpkt show send`;
    }
    const { acknowledged: { acked, hosts, tookMs, missing }, show } = result;
    const left = missing.length === 0 ? "" : `; missing: ${missing.slice(0, 10).join(", ")}`;
    return `${versionText(show.document)}: ${acked} of ${hosts} hosts have it after ${tookMs} ms${left}`;
  }

  async stop(): Promise<void> {
    for (const end of this.#ends) end();
    await this.#open.close();
  }
}
