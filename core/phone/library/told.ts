import type { Packet, Share } from "./outcomes.ts";
import {
  addPass,
  type Kept,
  type KeptPass,
  keptText,
  mergeKept,
  type PhoneStorage,
  readKept,
} from "./storage.ts";

/** What became of a note. */
export interface Noted {
  /** Nobody has told the user of it, in no run and on no page that shares the storage. */
  readonly isNew: boolean;
  /** It lasts. What doesn't is told again at a later login. */
  readonly isKept: boolean;
}

/**
 * What the user has been told: each packet and each share once. It is kept before it is told, so that a program that
 * ends in between finds it in its history rather than tells it twice.
 */
export class Told {
  readonly #storage: PhoneStorage | undefined;
  readonly #key: string;
  readonly #failed: (error: unknown) => void;
  readonly #kept: Kept = readKept(null);
  /** One note at a time, in order. */
  #noting: Promise<unknown> = Promise.resolve();

  /** @param failed told when the storage can't be read or written */
  constructor(storage: PhoneStorage | undefined, key: string, failed: (error: unknown) => void) {
    this.#storage = storage;
    this.#key = key;
    this.#failed = failed;
  }

  get packets(): readonly Packet[] {
    return [...this.#kept.packets.values()];
  }

  get shares(): readonly Share[] {
    return [...this.#kept.shares.values()];
  }

  /** What the next server is to be shown. */
  get passes(): readonly KeptPass[] {
    return this.#kept.passes;
  }

  packet(packetId: number): Packet | undefined {
    return this.#kept.packets.get(packetId);
  }

  /** Reads what was kept by an earlier run. */
  async load(): Promise<void> {
    try {
      await this.#merge();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Notes a packet that the user has won. */
  addPacket(packet: Packet): Promise<Noted> {
    return this.#add(this.#kept.packets, packet);
  }

  /** Notes a share of the user. */
  addShare(share: Share): Promise<Noted> {
    return this.#add(this.#kept.shares, share);
  }

  /** Notes a pass: at once for the next login, and for the next run once that lasts. */
  addPass(pass: KeptPass): void {
    const add = () => this.#kept.passes = addPass(this.#kept.passes, pass);
    add();
    void this.#note(add);
  }

  /** Notes that a packet is open. True once that lasts. */
  opened(packetId: number): Promise<boolean> {
    return this.#note(() => {
      const packet = this.#kept.packets.get(packetId);
      if (packet !== undefined) this.#kept.packets.set(packetId, { ...packet, isOpen: true });
    });
  }

  async #add<T extends { readonly packetId: number }>(kept: Map<number, T>, item: T): Promise<Noted> {
    let isNew = false;
    const isKept = await this.#note(() => {
      isNew = !kept.has(item.packetId);
      if (isNew) kept.set(item.packetId, item);
    });
    return { isNew, isKept };
  }

  /** Makes a change between reading what other pages have kept and writing it all. */
  #note(change: () => void): Promise<boolean> {
    const noted = this.#noting.then(async () => {
      let hasChanged = false;
      try {
        await this.#merge();
        change();
        hasChanged = true;
        await this.#storage?.setItem(this.#key, keptText(this.#kept));
        return true;
      } catch (error) {
        if (!hasChanged) change();
        this.#failed(error);
        return false;
      }
    });
    this.#noting = noted;
    return noted;
  }

  async #merge(): Promise<void> {
    if (this.#storage !== undefined) mergeKept(this.#kept, readKept(await this.#storage.getItem(this.#key)));
  }
}
