import { every } from "../base/clock.ts";
import { assert } from "../base/assert.ts";
import { type Bus, type BusState, isSender, isSubject, type ValueOrder } from "./bus.ts";

/** How often the folder is looked at. */
const LOOK_MS = 200;
/** Most of a file that is read: more is no value of ours. */
const MAX_FILE_BYTES = 1 << 20;

/** A file as it was read last. */
interface Seen {
  readonly mark: string;
}

/**
 * A bus that is a folder, which all sides can reach: a directory of one machine, a share, or a stick that is carried. A
 * value is a file, and so is the latest message of each sender; each is written whole under another name first.
 */
export class FolderBus implements Bus {
  readonly name: string;
  readonly #path: string;
  readonly #order: ValueOrder;
  readonly #wanted = new Map<string, Uint8Array>();
  readonly #watchers = new Map<string, (value: Uint8Array | undefined) => void>();
  readonly #hearers = new Map<string, (from: string, message: Uint8Array) => void>();
  readonly #seen = new Map<string, Seen>();
  readonly #cancel: () => void;
  #dropped = 0;
  #trouble: string | undefined;

  constructor(path: string, order: ValueOrder) {
    this.name = `file:${path}`;
    this.#path = path;
    this.#order = order;
    this.#cancel = every(LOOK_MS, () => this.#look());
  }

  get state(): BusState {
    return { isConnected: this.#trouble === undefined, trouble: this.#trouble, dropped: this.#dropped };
  }

  offer(subject: string, value: Uint8Array): void {
    assert(isSubject(subject), "a subject is short words with points between them");
    this.#wanted.set(subject, value);
    this.#trying(() => this.#keep(subject));
  }

  watch(subject: string, onValue: (value: Uint8Array | undefined) => void): void {
    assert(isSubject(subject), "a subject is short words with points between them");
    const before = this.#watchers.get(subject);
    this.#watchers.set(subject, (value) => {
      before?.(value);
      onValue(value);
    });
    this.#seen.delete(this.#fileOf(subject));
    queueMicrotask(() => this.#look());
  }

  tell(subject: string, from: string, message: Uint8Array): void {
    assert(isSubject(subject) && isSender(from), "a message has a subject and a sender");
    const isTold = this.#trying(() => this.#write(`${this.#path}/${subject}.from/${from}`, message));
    if (!isTold) this.#dropped++;
  }

  hear(subject: string, onMessage: (from: string, message: Uint8Array) => void): void {
    this.#hearers.set(subject, onMessage);
  }

  close(): Promise<void> {
    this.#cancel();
    this.#watchers.clear();
    this.#hearers.clear();
    return Promise.resolve();
  }

  #look(): void {
    this.#trying(() => {
      for (const subject of this.#wanted.keys()) this.#keep(subject);
      for (const [subject, onValue] of this.#watchers) {
        const read = this.#readNew(this.#fileOf(subject));
        if (read !== "same") onValue(read);
      }
      for (const [subject, onMessage] of this.#hearers) this.#hearAll(subject, onMessage);
    });
  }

  #hearAll(subject: string, onMessage: (from: string, message: Uint8Array) => void): void {
    const folder = `${this.#path}/${subject}.from`;
    for (const from of namesIn(folder)) {
      if (!isSender(from)) continue; // one that is being written
      const read = this.#readNew(`${folder}/${from}`);
      if (read !== "same" && read !== undefined) onMessage(from, read);
    }
  }

  /** Writes what is wanted, unless what is there is as new. Two who write at once: the newer looks again, and wins. */
  #keep(subject: string): void {
    const value = this.#wanted.get(subject)!;
    const path = this.#fileOf(subject);
    const kept = readFile(path);
    if (kept === undefined || this.#order.isNewer(value, kept)) this.#write(path, value);
  }

  /** What a file holds if it has changed since the last look; undefined if there is none. */
  #readNew(path: string): Uint8Array | undefined | "same" {
    const mark = markOf(path);
    if (this.#seen.get(path)?.mark === mark) return "same";
    this.#seen.set(path, { mark });
    return readFile(path);
  }

  #fileOf(subject: string): string {
    return `${this.#path}/${subject}`;
  }

  #write(path: string, bytes: Uint8Array): void {
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    // Several processes may write the same file: each under a name of its own, which is no sender's.
    const temporary = `${path}.${Deno.pid}.new`;
    Deno.writeFileSync(temporary, bytes);
    Deno.renameSync(temporary, path);
  }

  /** A folder that can't be reached is trouble that may pass, never a throw. */
  #trying(work: () => void): boolean {
    try {
      work();
      this.#trouble = undefined;
      return true;
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error);
      return false;
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Tells one content of a file from another: a rename brings another file. */
function markOf(path: string): string {
  try {
    const { ino, mtime, size } = Deno.statSync(path);
    return `${ino} ${mtime?.getTime()} ${size}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

function readFile(path: string): Uint8Array | undefined {
  try {
    if (Deno.statSync(path).size > MAX_FILE_BYTES) return undefined;
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
