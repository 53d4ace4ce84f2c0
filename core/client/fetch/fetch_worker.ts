import { createPublicKey, type KeyObject } from "node:crypto";
import { sleep, systemClock } from "../../base/clock.ts";
import { Random } from "../../base/random.ts";
import { UserError } from "../../base/user_error.ts";
import { Counters } from "../../counters/counters.ts";
import { readManifest, type SignedManifest } from "../../depot/manifest/manifest.ts";
import { DepotGate } from "../../depot/serve/depot_gate.ts";
import { closeThread, onParentMessage, postToParent } from "../../threads/thread.ts";
import { FleetMetric as M, fleetMetrics } from "../state/metrics.ts";
import { FetchBoard } from "./fetch_board.ts";
import { FetchList } from "./fetch_list.ts";
import { type FetchCounts, FetchPlan } from "./fetch_plan.ts";
import { HttpSource } from "./http_source.ts";
import { ModelledSource } from "./modelled_source.ts";
import { WantedManifest } from "./wanted_manifest.ts";

/** What the thread that fetches is started with. */
export interface FetchInit {
  /** Undefined: where orders say. */
  readonly url: string | undefined;
  /** Public keys of those whose manifests count, PEM. */
  readonly trusted: readonly (readonly [id: string, pem: string])[];
  /** Users of this fleet, and of all hosts: the model has its part of the depot's cap. */
  readonly users: number;
  readonly total: number;
  /** Of these, how many really fetch; the others are modelled. */
  readonly sample: number;
  /** Whether all users follow cues. */
  readonly followsCues: boolean;
  readonly randomSeed: number;
  readonly counters: SharedArrayBuffer;
  readonly blocks: number;
  readonly block: number;
  readonly board: SharedArrayBuffer;
}

/** What a user was told to fetch, and at which depot; each is told of one. */
export interface FetchOrder {
  readonly epoch: number;
  readonly number: number;
  /** 0: nothing. */
  readonly version: number;
  readonly sha256: string;
  readonly url: string;
}

/** Something to log, and the end. */
export type FetchNotice =
  | { readonly type: "log"; readonly level: "info" | "warn"; readonly event: string; readonly fields: object }
  | { readonly type: "stopped" };

const TICK_MS = 10;
/** How often the manifest is looked at again, and how soon after a failure, in ms. */
const MANIFEST_MS = 30_000;
const RETRY_MS = 3_000;

/** The life of a fleet's thread that fetches, until the board says that it ends. */
export async function runFetchWorker(init: FetchInit): Promise<void> {
  const fetcher = new Fetcher(init);
  onParentMessage((message) => fetcher.named(message as FetchOrder));
  await fetcher.run();
  notice({ type: "stopped" });
  closeThread();
}

function notice(said: FetchNotice): void {
  postToParent(said);
}

class Fetcher {
  readonly #init: FetchInit;
  readonly #board: FetchBoard;
  readonly #block: Float64Array;
  readonly #random: Random;
  readonly #trusted: Map<string, KeyObject>;
  readonly #wanted: WantedManifest;
  #signed: SignedManifest | undefined;
  /** Who really fetches, and the others. */
  #real: FetchPlan | undefined;
  #modelled: FetchPlan | undefined;
  #model: ModelledSource | undefined;
  #http: HttpSource | undefined;
  #isAsking = false;
  #askAtMs = 0;
  #lastTrouble = "";

  constructor(init: FetchInit) {
    this.#init = init;
    this.#board = new FetchBoard(init.board);
    this.#block = new Counters(fleetMetrics, init.blocks, init.counters).block(init.block);
    this.#random = new Random(init.randomSeed);
    this.#trusted = new Map(init.trusted.map(([id, pem]) => [id, createPublicKey(pem)]));
    this.#wanted = new WantedManifest(init.url);
    this.#block[M.depotUsers] = init.sample;
    this.#block[M.modelledUsers] = init.users - init.sample;
  }

  /** A show names what is to be fetched; what it names no more is fetched no further. */
  named(order: FetchOrder): void {
    try {
      if (this.#wanted.take(order)) this.#askAtMs = 0;
    } catch (error) {
      this.#refuse(error);
    }
    this.#http?.at(this.#wanted.depots);
  }

  async run(): Promise<void> {
    while (!this.#board.isEnding) {
      this.#tick();
      await sleep(TICK_MS);
    }
    this.#http?.breakOff();
  }

  #tick(): void {
    const [nowMs, wallMs] = [systemClock.monotonicMs(), systemClock.wallMs()];
    const mayFetch = this.#wanted.isAnything && !this.#board.shakesAt(wallMs, this.#init.followsCues);
    const isDue = nowMs >= this.#askAtMs && !this.#wanted.isHad(this.#signed);
    if (mayFetch && !this.#isAsking && isDue) void this.#askManifest();
    this.#real?.tick(nowMs, wallMs, mayFetch);
    this.#modelled?.tick(nowMs, wallMs, mayFetch);
    if (this.#model !== undefined) {
      this.#block[M.modelledBytes] = this.#model.bytes;
      this.#block[M.modelledMostBytesInS] = this.#model.mostBytesInS;
    }
    this.#board.isQuiet = !mayFetch && (this.#http?.underWay ?? 0) === 0;
  }

  async #askManifest(): Promise<void> {
    this.#isAsking = true;
    try {
      const url = `${this.#wanted.next()}/manifest`;
      const headers: HeadersInit = this.#signed === undefined
        ? {}
        : { "if-none-match": `"${this.#signed.sha256}"` };
      const response = await fetch(url, { headers, signal: AbortSignal.timeout(MANIFEST_MS) });
      const bytes = await response.bytes();
      if (response.status === 200) {
        const signed = readManifest(bytes, this.#trusted, url);
        this.#wanted.check(signed, url);
        this.#take(signed);
      } else if (response.status !== 304) throw new UserError(`${url}: answers ${response.status}`);
      this.#lastTrouble = "";
      this.#askAtMs = systemClock.monotonicMs() + MANIFEST_MS * (0.5 + this.#random.float());
    } catch (error) {
      this.#refuse(error);
      this.#askAtMs = systemClock.monotonicMs() + RETRY_MS * (0.5 + this.#random.float());
    }
    this.#isAsking = false;
  }

  /** A manifest that doesn't count, or that isn't to be had; what there is stays. */
  #refuse(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (error instanceof UserError) this.#block[M.depotManifestsRefused]++;
    if (reason !== this.#lastTrouble) {
      notice({ type: "log", level: "warn", event: "no manifest", fields: { reason } });
    }
    this.#lastTrouble = reason;
  }

  #take(signed: SignedManifest): void {
    const { manifest } = signed;
    if (manifest.version <= (this.#signed?.manifest.version ?? 0)) return;
    this.#signed = signed;
    const { users, total, sample, followsCues } = this.#init;
    const list = new FetchList(manifest);
    const http = new HttpSource(list, this.#wanted.depots, (bytes) => {
      this.#block[M.depotBytes] += bytes;
      if (this.#board.shakesAt(systemClock.wallMs(), followsCues, 0)) {
        this.#block[M.depotBytesInShakes] += bytes;
      }
    });
    const rest = users - sample;
    const gate = new DepotGate(manifest.windows, this.#random.fork(), rest / total);
    const model = new ModelledSource(list, gate);
    if (this.#http === undefined) {
      this.#real = sample === 0
        ? undefined
        : new FetchPlan(sample, list, http, this.#random.fork(), this.#realCounts());
      this.#modelled = rest === 0
        ? undefined
        : new FetchPlan(rest, list, model, this.#random.fork(), this.#modelledCounts());
    } else {
      this.#real?.replace(list, http);
      this.#modelled?.replace(list, model);
    }
    this.#http = http;
    this.#model = model;
    this.#block[M.depotPackages] = manifest.packages.length;
    const bytes = list.bytes.reduce((sum, each) => sum + each, 0);
    const { version, packages } = manifest;
    notice({
      type: "log",
      level: "info",
      event: "manifest",
      fields: {
        version,
        packages: packages.length,
        chunks: list.bytes.length,
        bytes,
        sample,
        modelled: rest,
      },
    });
  }

  #realCounts(): FetchCounts {
    const block = this.#block;
    return {
      chunk: () => void block[M.depotChunks]++,
      packageWhole: () => void block[M.depotPackagesWhole]++,
      usersWhole: (by) => void (block[M.depotUsersWhole] += by),
      refused: () => void block[M.depotRefused]++,
      failed: () => void block[M.depotFailed]++,
      damaged: () => void block[M.depotDamaged]++,
    };
  }

  #modelledCounts(): FetchCounts {
    const block = this.#block;
    return {
      chunk: () => void block[M.modelledChunks]++,
      packageWhole: () => {},
      usersWhole: (by) => void (block[M.modelledUsersWhole] += by),
      refused: () => void block[M.modelledRefused]++,
      failed: () => {},
      damaged: () => {},
    };
  }
}
