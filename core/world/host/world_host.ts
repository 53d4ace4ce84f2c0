import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { Books } from "../../books/contract/books.ts";
import { UplinkRunner } from "../../books/uplink/uplink_runner.ts";
import type { MemoryBus } from "../../bus/memory_hub.ts";
import type { SimNetwork as SimBus } from "../../bus/sim_network.ts";
import type { SimActor } from "../../engine/sim/agenda.ts";
import type { SimNetwork } from "../../engine/sim/network.ts";
import { openJudge } from "../../ledger/checkpoint/open_judge.ts";
import type { LedgerLimits } from "../../ledger/record/ledger.ts";
import { markAwarded } from "../../ledger/registry/awarded_bits.ts";
import { LedgerState } from "../../ledger/ring/ledger_board.ts";
import { StoredLedger } from "../../ledger/store/stored_ledger.ts";
import { LinkAgent } from "../../link/link_agent.ts";
import { MemoryStore } from "../../link/show_store.ts";
import { formatAddress } from "../../os/address.ts";
import type { AnyPlugin } from "../../plugin/plugin.ts";
import { SeedFile } from "../../seed/file/seed_file.ts";
import { SeedTickets } from "../../seed/file/tickets.ts";
import { compareVersions, type ShowDocument, versionText } from "../../show/document.ts";
import { SimDisk, SimKilled } from "../parts/sim_disk.ts";
import type { VirtualTime } from "../parts/virtual_time.ts";
import type { Witness } from "../watch/witness.ts";
import { SimHost } from "./sim_host.ts";
import type { WorldSeams } from "./world_seams.ts";

/** Where every host listens. */
export const HOST_PORT = 1025;
/** How long a process that died by itself is down. */
const RESTART_MS = 1_500;
/** So small rings and mailboxes are enough for a host's few users. */
const RING_ENTRIES = 256;
const MAILBOX_WORDS = 1 << 13;

export interface WorldHostParts {
  readonly index: number;
  readonly name: string;
  readonly city: number;
  readonly address: number;
  readonly seats: number;
  readonly workers: number;
  readonly network: SimNetwork;
  readonly time: VirtualTime;
  /** Least time between two turns in which nothing has come: so late timers are, as on a busy machine. */
  readonly timerMs: number;
  readonly plugins: readonly { readonly plugin: AnyPlugin; readonly config?: unknown }[];
  readonly seedPath: string;
  readonly limits: LedgerLimits;
  readonly event: string;
  readonly trusted: ReadonlyMap<string, KeyObject>;
  readonly buses: readonly SimBus[];
  readonly books: (isCut: () => boolean) => Books;
  readonly random: Random;
  readonly witness: Witness;
  readonly seams: WorldSeams;
  /** The host is gone for good. */
  readonly onLost: (host: WorldHost, why: string) => void;
}

/** A process of a host: what dies with it. */
interface Life {
  isOver: boolean;
  readonly sim: SimHost;
  readonly agent: LinkAgent;
  readonly file: SeedFile;
  readonly buses: readonly MemoryBus[];
  nextLinkMs: number;
}

/** A host: the machine with its disk and its clock, and the process that is killed and started again. */
export class WorldHost implements SimActor {
  readonly disk: SimDisk;
  readonly number: number;
  /** How far its wall clock is ahead of everybody's, and how much more in each second, in ms. */
  aheadMs = 0;
  driftMsPerS = 0;
  /** Its ways to the books and to the bus are cut. */
  isCutFromBooks = false;
  #isCutFromBus = false;
  /** It is gone for good, and why; undefined while it isn't. */
  lostWhy: string | undefined;
  /** How often its process died. */
  deaths = 0;
  /** When the last call that the books answered was sent to them: what was durable by then, they have. */
  lastBooksMs = 0;
  readonly #parts: WorldHostParts;
  readonly #showStore: MemoryStore;
  #life: Life | undefined;
  /** What it applied last, over all its lives. */
  #applied: ShowDocument | undefined;
  #driftSinceMs = 0;
  #downUntilMs = 0;

  constructor(parts: WorldHostParts) {
    const { index, event, random, witness, network, time } = parts;
    this.#parts = parts;
    this.number = index + 1;
    this.disk = new SimDisk(`${event}-ledger-${this.number}`, this.number, random.fork());
    this.disk.onCommit = (rows) => {
      network.traceHash.add(time.nowMs, "commit", this.number, rows.length);
      witness.committed(this.number, rows);
    };
    this.#showStore = new MemoryStore();
  }

  get name(): string {
    return this.#parts.name;
  }

  get address(): number {
    return this.#parts.address;
  }

  get city(): number {
    return this.#parts.city;
  }

  get sim(): SimHost | undefined {
    return this.#life?.sim;
  }

  get agent(): LinkAgent | undefined {
    return this.#life?.agent;
  }

  get isAwarding(): boolean {
    return this.#life?.sim.ledgerBoard.state === LedgerState.awarding;
  }

  /** Its own clock. */
  readonly clock: Clock = {
    monotonicMs: () => this.#parts.network.clock.monotonicMs(),
    wallMs: () => Math.floor(this.#parts.network.clock.wallMs() + this.aheadMs + this.#driftedMs()),
  };

  #driftedMs(): number {
    return this.driftMsPerS * (this.#parts.time.nowMs - this.#driftSinceMs) / 1_000;
  }

  /** From now on its clock gains so much in a second; 0: it is set right. */
  drift(msPerS: number): void {
    this.driftMsPerS = msPerS;
    this.#driftSinceMs = this.#parts.time.nowMs;
  }

  set isCutFromBus(isCut: boolean) {
    this.#isCutFromBus = isCut;
    for (const bus of this.#life?.buses ?? []) bus.isConnected = !isCut;
  }

  /** Starts its process, on what the disk holds. */
  start(): void {
    const { network, seedPath, limits, seams, random, seats, workers, plugins, time } = this.#parts;
    if (this.#life !== undefined || this.lostWhy !== undefined) return;
    if (time.nowMs < this.#downUntilMs) return;
    if (!this.disk.hasMarked) return this.lose("its ledger lacks rows that its claim knows");
    const file = new SeedFile(seedPath);
    const tickets = new SeedTickets(file);
    const store = seams.store?.(this.disk) ?? this.disk;
    const { judge } = openJudge(store, undefined, limits, undefined, this.number);
    markAwarded(judge.packets, { firstId: tickets.firstId, count: tickets.count, bits: tickets.awarded });
    const sim = new SimHost(network, {
      plugins,
      workers,
      seats: Math.ceil(seats / workers),
      hostname: formatAddress(this.address),
      port: HOST_PORT,
      seed: random.uint32(),
      clock: this.clock,
      ledger: new (seams.ledgerClass ?? StoredLedger)(judge, store, this.clock),
      hostNumber: this.number,
      allowsVersion0: false,
      tickets,
      hasBooks: true,
      ringEntries: RING_ENTRIES,
      mailboxWords: MAILBOX_WORDS,
    });
    const buses = this.#parts.buses.map(({ hub }) => hub.join("model"));
    for (const bus of buses) bus.isConnected = !this.#isCutFromBus;
    const life: Life = { isOver: false, sim, file, buses, agent: this.#agent(buses, sim), nextLinkMs: 0 };
    this.#life = life;
    life.agent.start();
    network.agenda.join(this);
    void this.#carry(life, tickets.hash);
  }

  /** The process dies. What its disk has stays, and it is started again after a while. */
  kill(downMs = RESTART_MS): void {
    const life = this.#life;
    this.#downUntilMs = this.#parts.time.nowMs + downMs;
    this.#parts.network.plan(this.#downUntilMs, () => this.start());
    if (life === undefined) return;
    this.deaths++;
    this.#life = undefined;
    life.isOver = true;
    life.sim.kill();
    life.file.close();
    for (const bus of life.buses) void bus.close();
    this.#parts.network.agenda.leave(this);
    this.disk.close();
  }

  /** It never comes back. */
  lose(why: string): void {
    if (this.lostWhy !== undefined) return;
    this.kill();
    this.lostWhy = why;
    this.#parts.onLost(this, why);
  }

  turn(): void {
    const life = this.#life;
    if (life === undefined) return;
    const { time } = this.#parts;
    try {
      life.sim.turn();
    } catch (error) {
      if (!(error instanceof SimKilled)) throw error;
      return this.kill();
    }
    if (life.sim.hadEntries) time.stir(this);
    if (time.nowMs >= life.nextLinkMs) life.nextLinkMs = time.nowMs + life.agent.turn();
  }

  nextDueMs(): number {
    const life = this.#life;
    if (life === undefined) return Infinity;
    const { time, timerMs } = this.#parts;
    const dueMs = Math.min(life.sim.nextDueMs(), life.nextLinkMs);
    return dueMs <= time.nowMs ? dueMs : Math.max(dueMs, time.nowMs + timerMs);
  }

  #agent(buses: readonly MemoryBus[], sim: SimHost): LinkAgent {
    const { name, event, city, trusted, seams, random, network } = this.#parts;
    return new LinkAgent({
      name: { event, host: name, city: `city-${city}`, cluster: `cluster-${city}` },
      buses,
      trusted,
      store: seams.showStore?.(this.#showStore) ?? this.#showStore,
      clock: this.clock,
      random: random.fork(),
      host: {
        check: (show, answer) => answer(sim.halves.checkShow(show)),
        apply: (show) => this.#apply(show, sim),
        hold: (isHolding) => sim.halves.isHolding = isHolding,
        count: () => {},
        wake: () => {
          if (this.#life !== undefined) this.#life.nextLinkMs = 0;
          network.agenda.wake(this);
        },
        log: () => {},
      },
    });
  }

  #apply(show: ShowDocument, sim: SimHost): void {
    const last = this.#applied;
    const isOlder = last !== undefined && compareVersions(show, last) < 0;
    if (isOlder || (last !== undefined && show.plan.revision < last.plan.revision)) {
      const versions = `${versionText(show)} after ${versionText(last)}`;
      this.#parts.witness.broken("order", `host ${this.name} lets ${versions} count`);
    }
    this.#applied = show;
    sim.halves.onShow(show);
  }

  /** The uplink of one life. One that is over goes on until it hears of what it has sent: nobody can call that back. */
  async #carry(life: Life, seedHash: string): Promise<void> {
    const { time, random, books } = this.#parts;
    const runner = new UplinkRunner({
      host: this.number,
      name: this.name,
      openSource: () => this.disk,
      openBooks: () => Promise.resolve(this.#noting(books(() => this.isCutFromBooks))),
      seedHash,
      board: life.sim.ledgerBoard,
      counters: life.sim.memory.counterPlace("uplink"),
      clock: this.clock,
      random: random.fork(),
      report: () => {},
      setUrgent: () => {},
    });
    while (!life.isOver) await time.sleep(await runner.turn() ?? 0);
  }

  #noting(books: Books): Books {
    const intake = new Proxy(books.intake, {
      get: (target, name) => async (...args: unknown[]) => {
        const sentMs = this.#parts.time.nowMs;
        const answer = await Reflect.get(target, name)(...args);
        if (name === "append" || name === "heartbeat") this.lastBooksMs = sentMs;
        return answer;
      },
    });
    return { ...books, intake };
  }
}
