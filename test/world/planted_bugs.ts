/** One bug for each promise, put into a world where a test can: none of this is in the program. */
import type { Clock } from "../../core/base/clock.ts";
import type { Books } from "../../core/books/contract/books.ts";
import type { EntryStore } from "../../core/ledger/disk/entry_store.ts";
import { ROW_FIELDS, RowField } from "../../core/ledger/record/entry_rows.ts";
import { EntryKind } from "../../core/ledger/kinds/entry_kinds.ts";
import type { Judgement } from "../../core/ledger/record/judgement.ts";
import { StoredLedger } from "../../core/ledger/store/stored_ledger.ts";
import type { ShowStore } from "../../core/link/show_store.ts";
import type { WorldSeams } from "../../core/world/host/world_seams.ts";
import type { InvariantName } from "../../core/world/watch/invariant_names.ts";
import type { SimDisk } from "../../core/world/parts/sim_disk.ts";

const WRITES_AFTER_MS = 200;

/** What is wrong, and how it is put in. */
export interface PlantedBug {
  readonly what: string;
  readonly seams: () => WorldSeams;
  /** The first seed that finds it: only so that tests needn't look for it each time. */
  readonly foundAt: number;
}

/** The same part, but for one method. */
function with_<T extends object, K extends keyof T>(part: T, method: K, instead: T[K]): T {
  return new Proxy(part, {
    get(target, name) {
      if (name === method) return instead;
      const found = Reflect.get(target, name);
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
}

/** Books that count one fen too many in a row of each block. */
function withOneFenMore(books: Books): Books {
  const { intake } = books;
  const append: typeof intake.append = (block) => {
    const rows = block.rows.slice();
    const at = rows.findIndex((_, i) => i % ROW_FIELDS === 0 && rows[i + RowField.kind] === EntryKind.open);
    if (at >= 0) rows[at + RowField.amount]++;
    return intake.append({ ...block, rows });
  };
  return { ...books, intake: with_(intake, "append", append) };
}

/** A disk that never syncs, and a start that doesn't look at what is noted elsewhere. */
function forgetful(store: EntryStore): EntryStore {
  const disk = store as SimDisk;
  disk.faults.isLying = true;
  Object.defineProperty(disk, "hasMarked", { configurable: true, get: () => true });
  return disk;
}

/** A ledger that shows its verdicts, and writes a while later. */
class HastyLedger extends StoredLedger {
  readonly #hastyClock: Clock;
  #writtenMs = -Infinity;

  constructor(...[judge, store, clock]: ConstructorParameters<typeof StoredLedger>) {
    super(judge, store, clock);
    this.#hastyClock = clock;
  }

  override commit(): boolean {
    const nowMs = this.#hastyClock.monotonicMs();
    if (this.failure === undefined && nowMs < this.#writtenMs + WRITES_AFTER_MS) return true;
    this.#writtenMs = nowMs;
    return super.commit();
  }
}

/** A ledger that names no award whose user may not have heard of it. */
class SilentLedger extends StoredLedger {
  override judge(words: Int32Array, at: number, judgement: Judgement): void {
    super.judge(words, at, judgement);
    if (judgement.kind === EntryKind.pendingOf) judgement.packetId = 0;
  }
}

/** A host that finds the document of its first life after each restart. */
function stubborn(store: ShowStore): ShowStore {
  let first: Uint8Array | undefined;
  return {
    read: (which) => store.read(which),
    write(which, bytes) {
      first ??= bytes;
      store.write(which, first === bytes ? bytes : first);
    },
  };
}

/** An uplink's books that never answer again once they were away. */
function sulking(books: Books): Books {
  let isOffended = false;
  const { intake } = books;
  const append: typeof intake.append = async (block) => {
    if (isOffended) return await new Promise<never>(() => {});
    try {
      return await intake.append(block);
    } catch (error) {
      isOffended = true;
      throw error;
    }
  };
  return { ...books, intake: with_(intake, "append", append) };
}

/** By the promise that each breaks. */
export const PLANTED_BUGS: Readonly<Record<InvariantName, PlantedBug>> = {
  money: {
    foundAt: 1,
    what: "the books add a fen to what was opened",
    seams: () => ({ books: withOneFenMore }),
  },
  limits: {
    foundAt: 23,
    what: "settlement knows no limits",
    seams: () => ({
      limits: (event) => ({ ...event, packetsPerUser: Infinity, packetsPerSponsor: Infinity }),
    }),
  },
  once: {
    foundAt: 2,
    what: "a ledger that lost rows with the power goes on",
    seams: () => ({ store: forgetful }),
  },
  durable: {
    foundAt: 1,
    what: "a ledger answers before its disk has the commit",
    seams: () => ({ ledgerClass: HastyLedger }),
  },
  order: {
    foundAt: 1,
    what: "a host keeps the first document for ever",
    seams: () => ({ showStore: stubborn }),
  },
  told: {
    foundAt: 1,
    what: "nobody is told of an award again",
    seams: () => ({ ledgerClass: SilentLedger }),
  },
  progress: {
    foundAt: 1,
    what: "an uplink waits for ever for books that were away once",
    seams: () => ({ books: sulking }),
  },
};
