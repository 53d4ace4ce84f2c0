/** A disk that loses power, processes that die, and ledgers, for tests of claims. */
import type { LedgerHead } from "../../ledger/chain/links.ts";
import { Random } from "../../base/random.ts";
import { type ClaimDisk, type ClaimDiskFile, folderOf } from "./claim_disk.ts";
import type { ClaimingLedger } from "./claims.ts";

interface Inode {
  bytes: Uint8Array;
  /** What a power loss leaves. */
  durable: Uint8Array;
  lockedBy: FakeProcess | undefined;
}

/** Names by folder. */
type Names = Map<string, Map<string, Inode>>;

/** Thrown by every call of a process that has died. */
export class Died extends Error {}

/** A disk in memory: what is written is seen at once, and lasts only once it is synced, as a kernel has it. */
export class FakeDisk {
  names: Names = new Map([["/", new Map()]]);
  durable: Names = new Map([["/", new Map()]]);

  put(path: string, text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (const names of [this.names, this.durable]) {
      if (!names.has(folderOf(path))) names.set(folderOf(path), new Map());
    }
    const inode: Inode = { bytes, durable: bytes, lockedBy: undefined };
    this.names.get(folderOf(path))!.set(path, inode);
    this.durable.get(folderOf(path))!.set(path, inode);
  }

  inode(path: string): Inode | undefined {
    return this.names.get(folderOf(path))?.get(path);
  }

  read(path: string): string | undefined {
    const inode = this.inode(path);
    return inode && new TextDecoder().decode(inode.bytes);
  }

  remove(path: string): void {
    this.names.get(folderOf(path))!.delete(path);
    this.durable.get(folderOf(path))!.delete(path);
  }

  /** Of what was not synced nothing is left; or, with `random`, some of it. */
  losePower(random?: Random): void {
    const reached = () => random !== undefined && random.below(2) === 0;
    const left: Names = new Map();
    for (const [folder, durable] of this.durable) {
      const now = this.names.get(folder) ?? new Map<string, Inode>();
      const names = new Map<string, Inode>();
      for (const name of new Set([...durable.keys(), ...now.keys()])) {
        const inode = durable.get(name) === now.get(name) || reached() ? now.get(name) : durable.get(name);
        if (inode !== undefined) names.set(name, inode);
      }
      left.set(folder, names);
    }
    for (const names of left.values()) {
      for (const inode of names.values()) {
        if (!reached()) inode.bytes = inode.durable;
        inode.durable = inode.bytes;
        inode.lockedBy = undefined;
      }
    }
    this.names = left;
    this.durable = new Map([...left].map(([folder, names]) => [folder, new Map(names)]));
  }
}

/** A process on the disk: it can die before any of its calls, and a call can fail. */
export class FakeProcess implements ClaimDisk {
  readonly disk: FakeDisk;
  /** How many calls it has made. */
  calls = 0;
  /** It dies before this call. */
  diesAt = Infinity;
  /** Why a call fails; undefined: it doesn't. */
  fault: (call: string, path: string) => Error | undefined = () => undefined;
  /** Waits a while before each call, now and then a long one, so that processes meet in every way. */
  #pause: () => Promise<void>;

  constructor(disk: FakeDisk, random?: Random) {
    this.disk = disk;
    this.#pause = async () => {
      const most = random?.below(4) === 0 ? 60 : 6;
      for (let turns = random?.below(most) ?? 0; turns > 0; turns--) await Promise.resolve();
    };
  }

  async does(call: string, path: string): Promise<void> {
    await this.#pause();
    if (this.calls++ >= this.diesAt) {
      this.#die();
      throw new Died();
    }
    const error = this.fault(call, path);
    if (error !== undefined) throw error;
  }

  async open(path: string): Promise<ClaimDiskFile | undefined> {
    await this.does("open", path);
    const inode = this.disk.inode(path);
    return inode && new FakeFile(this, inode, path);
  }

  async create(path: string): Promise<ClaimDiskFile> {
    await this.does("create", path);
    if (this.disk.inode(path) !== undefined) throw new Deno.errors.AlreadyExists(path);
    const inode: Inode = { bytes: new Uint8Array(), durable: new Uint8Array(), lockedBy: undefined };
    this.#folder(path).set(path, inode);
    return new FakeFile(this, inode, path);
  }

  async link(path: string, name: string): Promise<void> {
    await this.does("link", name);
    const inode = this.disk.inode(path);
    if (inode === undefined) throw new Deno.errors.NotFound(path);
    if (this.disk.inode(name) !== undefined) throw new Deno.errors.AlreadyExists(name);
    this.#folder(name).set(name, inode);
  }

  async remove(path: string): Promise<void> {
    await this.does("remove", path);
    if (!this.#folder(path).delete(path)) throw new Deno.errors.NotFound(path);
  }

  async makeFolder(path: string): Promise<void> {
    await this.does("makeFolder", path);
    for (const names of [this.disk.names, this.disk.durable]) {
      if (!names.has(path)) names.set(path, new Map());
    }
  }

  async realPath(path: string): Promise<string> {
    await this.does("realPath", path);
    return path;
  }

  async names(folder: string): Promise<string[]> {
    await this.does("names", folder);
    return [...this.disk.names.get(folder)!.keys()].map((path) => path.slice(folder.length + 1));
  }

  async syncFolder(path: string): Promise<void> {
    await this.does("syncFolder", path);
    this.disk.durable.set(path, new Map(this.disk.names.get(path)!));
  }

  #folder(path: string): Map<string, Inode> {
    return this.disk.names.get(folderOf(path))!;
  }

  /** The kernel lets go of what it kept. */
  #die(): void {
    for (const names of this.disk.names.values()) {
      for (const inode of names.values()) if (inode.lockedBy === this) inode.lockedBy = undefined;
    }
  }
}

class FakeFile implements ClaimDiskFile {
  constructor(readonly process: FakeProcess, readonly inode: Inode, readonly path: string) {}

  async read(): Promise<Uint8Array> {
    await this.process.does("read", this.path);
    return this.inode.bytes;
  }

  async write(at: number, bytes: Uint8Array): Promise<void> {
    await this.process.does("write", this.path);
    const whole = new Uint8Array(Math.max(this.inode.bytes.length, at + bytes.length));
    whole.set(this.inode.bytes);
    whole.set(bytes, at);
    this.inode.bytes = whole;
  }

  async sync(): Promise<void> {
    await this.process.does("sync", this.path);
    this.inode.durable = this.inode.bytes;
  }

  async tryLock(): Promise<boolean> {
    await this.process.does("tryLock", this.path);
    if (this.inode.lockedBy !== undefined) return false;
    this.inode.lockedBy = this.process;
    return true;
  }

  async links(): Promise<number> {
    await this.process.does("links", this.path);
    const all = [...this.process.disk.names.values()].flatMap((names) => [...names.values()]);
    return all.filter((inode) => inode === this.inode).length;
  }

  close(): void {
    if (this.inode.lockedBy === this.process) this.inode.lockedBy = undefined;
  }
}

/** A ledger that is nothing but its chain: every row is a commit. */
export class FakeLedger implements ClaimingLedger {
  readonly directory: string;
  readonly id: string;
  readonly #heads: string[] = ["0".repeat(64)];
  readonly #seeds = new Set<string>();
  /** Highest id of a packet of its own. */
  ownPacketId = 0;

  constructor(name: string, id = name) {
    this.directory = `/${name}`;
    this.id = id;
  }

  get head(): LedgerHead {
    return { seq: this.#heads.length - 1, headHex: this.#heads[this.#heads.length - 1] };
  }

  headAt(seq: number): string | undefined {
    return this.#heads[seq];
  }

  hasSeed(hash: string): boolean {
    return this.#seeds.has(hash);
  }

  noteSeed(hash: string): void {
    this.#seeds.add(hash);
  }

  lastPacketId(): number {
    return this.ownPacketId;
  }

  /** Appends rows that depend on `what`. */
  append(rows: number, what = 1): this {
    for (let i = 0; i < rows; i++) {
      const before = this.#heads[this.#heads.length - 1];
      this.#heads.push(
        new Random(parseInt(before.slice(-8), 16) + what).uint32().toString(16).padStart(64, "0"),
      );
    }
    return this;
  }

  /** The same ledger as it is now, in a directory of this name. */
  copy(name = this.directory.slice(1)): FakeLedger {
    const copy = new FakeLedger(name, this.id);
    copy.#heads.splice(0, Infinity, ...this.#heads);
    for (const hash of this.#seeds) copy.#seeds.add(hash);
    return copy;
  }
}
