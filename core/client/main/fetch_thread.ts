import type { Host } from "../../cli/host.ts";
import type { Log } from "../../cli/log.ts";
import { sleep } from "../../base/clock.ts";
import { UserError } from "../../base/user_error.ts";
import type { Counters } from "../../counters/counters.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import { FetchBoard } from "../fetch/fetch_board.ts";
import type { FetchInit, FetchNotice, FetchOrder } from "../fetch/fetch_worker.ts";
import type { HeardResources } from "../follow/heard.ts";

/** The name of the thread that fetches, by which the entry file knows what it is. */
export const FETCH_WORKER_NAME = "fetch";
/** How long transfers may take to break off before people shake anyway, in ms. */
const QUIET_MS = 1_000;
const LOOK_MS = 2;

/** What a fleet fetches, as its flags say. */
export interface FetchOptions {
  /** Undefined: as the show says that users hear of. */
  readonly url: string | undefined;
  /** Folder of keys: whose manifests count. */
  readonly keys: string;
  readonly sample: number;
}

/** The same, once the keys are read. */
export type FetchWish = Pick<FetchInit, "url" | "trusted" | "sample">;

/** The main thread's side of the thread that fetches. */
export class FetchThread {
  readonly board = new FetchBoard();
  readonly stopped: Promise<void>;
  readonly #worker: Worker;

  constructor(
    host: Host,
    log: Log,
    { url, trusted, sample }: FetchWish,
    fleet: Pick<FetchInit, "users" | "total" | "followsCues" | "randomSeed">,
    counters: Counters,
    block: number,
  ) {
    const init: FetchInit = {
      ...fleet,
      url,
      trusted,
      sample: Math.min(sample, fleet.users),
      counters: counters.memory,
      blocks: counters.blocks,
      block,
      board: this.board.memory,
    };
    const worker = new Worker(host.program.entry, { type: "module", name: FETCH_WORKER_NAME });
    this.stopped = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }: MessageEvent<FetchNotice>) => {
        if (data.type === "stopped") resolve();
        else log(data.level, data.event, { ...data.fields });
      };
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(`the thread that fetches died: ${event.message}`));
      };
    });
    worker.postMessage(init);
    this.#worker = worker;
  }

  /** A server has told a user what is to be fetched, and where. */
  named(resources: HeardResources): void {
    const order: FetchOrder = resources;
    this.#worker.postMessage(order);
  }

  /** The fleet's users are about to shake: resolves once nothing is on its way to them. */
  async quiet(clock: Host["clock"]): Promise<void> {
    this.board.isShaking = true;
    const untilMs = clock.monotonicMs() + QUIET_MS;
    while (!this.board.isQuiet && clock.monotonicMs() < untilMs) await sleep(LOOK_MS);
  }

  /** They shake no more. */
  idle(): void {
    this.board.isShaking = false;
  }

  async stop(): Promise<void> {
    this.board.isEnding = true;
    await this.stopped;
  }
}

/**
 * The keys of a folder, as a thread can be given them.
 *
 * @throws UserError if there are none: nobody's manifests would count
 */
export function trustedKeys(folder: string): FetchInit["trusted"] {
  const trusted = new KeyFolder(folder).trusted();
  if (trusted.size === 0) {
    throw new UserError(
      `--depot-keys ${folder}: no key is trusted there, so no manifest would count. See redpkt seed key trust`,
    );
  }
  return [...trusted].map(([id, key]) => [id, key.export({ type: "spki", format: "pem" }) as string]);
}
