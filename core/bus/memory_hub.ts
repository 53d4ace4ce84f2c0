import { assert } from "../base/assert.ts";
import { type Bus, type BusState, isSender, isSubject, type ValueOrder } from "./bus.ts";

/** How what one side does comes to the other: at once, or as a model of a network has it. */
export type Deliver = (from: MemoryBus, to: MemoryBus | undefined, arrive: () => void) => void;

/** What several buses of one process share: the values that are kept, and who is there. */
export class MemoryHub {
  readonly order: ValueOrder;
  readonly deliver: Deliver;
  readonly #kept = new Map<string, Uint8Array>();
  /** All sides that are there. */
  readonly buses = new Set<MemoryBus>();

  /** @param deliver absent: everything arrives before the next turn of the event loop */
  constructor(order: ValueOrder, deliver: Deliver = (_from, _to, arrive) => queueMicrotask(arrive)) {
    this.order = order;
    this.deliver = deliver;
  }

  join(name: string): MemoryBus {
    const bus = new MemoryBus(this, name);
    this.buses.add(bus);
    return bus;
  }

  leave(bus: MemoryBus): void {
    this.buses.delete(bus);
  }

  kept(subject: string): Uint8Array | undefined {
    return this.#kept.get(subject);
  }

  /** Loses every value, as a stream does whose disks are gone. */
  forget(): void {
    const subjects = [...this.#kept.keys()];
    this.#kept.clear();
    for (const bus of this.buses) {
      for (const subject of subjects) this.deliver(bus, bus, () => bus.onValue(subject, undefined));
    }
  }

  /** Tries again what was wanted and isn't kept: whoever models time calls it now and then. */
  retry(): void {
    for (const bus of this.buses) bus.retry();
  }

  put(subject: string, value: Uint8Array): void {
    const kept = this.#kept.get(subject);
    if (kept === value || (kept !== undefined && !this.order.isNewer(value, kept))) return;
    this.#kept.set(subject, value);
    for (const bus of this.buses) {
      this.deliver(bus, bus, () => bus.onValue(subject, this.#kept.get(subject)));
    }
  }

  send(by: MemoryBus, subject: string, from: string, message: Uint8Array): void {
    for (const bus of this.buses) {
      if (bus.hears(subject)) this.deliver(by, bus, () => bus.onMessage(subject, from, message));
    }
  }
}

/** A bus within one process: the default of tests, the admin API's own, and the model of the simulator. */
export class MemoryBus implements Bus {
  readonly name: string;
  /** A model can take it off the network: what it sends then is lost. */
  isConnected = true;
  readonly #hub: MemoryHub;
  readonly #wanted = new Map<string, Uint8Array>();
  readonly #watchers = new Map<string, ((value: Uint8Array | undefined) => void)[]>();
  readonly #hearers = new Map<string, ((from: string, message: Uint8Array) => void)[]>();
  #dropped = 0;
  #isClosed = false;

  constructor(hub: MemoryHub, name: string) {
    this.#hub = hub;
    this.name = name;
  }

  get state(): BusState {
    const trouble = this.isConnected ? undefined : "not connected";
    return { isConnected: this.isConnected, trouble, dropped: this.#dropped };
  }

  offer(subject: string, value: Uint8Array): void {
    assert(isSubject(subject), "a subject is short words with points between them");
    this.#wanted.set(subject, value);
    this.#put(subject, value);
  }

  watch(subject: string, onValue: (value: Uint8Array | undefined) => void): void {
    assert(isSubject(subject), "a subject is short words with points between them");
    this.#watchers.set(subject, [...this.#watchers.get(subject) ?? [], onValue]);
    this.#hub.deliver(this, this, () => this.onValue(subject, this.#hub.kept(subject)));
  }

  tell(subject: string, from: string, message: Uint8Array): void {
    assert(isSubject(subject) && isSender(from), "a message has a subject and a sender");
    if (this.isConnected && !this.#isClosed) this.#hub.send(this, subject, from, message);
    else this.#dropped++;
  }

  hear(subject: string, onMessage: (from: string, message: Uint8Array) => void): void {
    this.#hearers.set(subject, [...this.#hearers.get(subject) ?? [], onMessage]);
  }

  /** Whether anybody here listens to it. */
  hears(subject: string): boolean {
    return this.#hearers.has(subject);
  }

  onValue(subject: string, value: Uint8Array | undefined): void {
    if (this.#isClosed || !this.isConnected) return;
    for (const call of this.#watchers.get(subject) ?? []) call(value);
  }

  onMessage(subject: string, from: string, message: Uint8Array): void {
    if (this.#isClosed || !this.isConnected) return;
    for (const call of this.#hearers.get(subject) ?? []) call(from, message);
  }

  /** Puts again what is wanted and isn't kept, and looks again at what is. */
  retry(): void {
    if (this.#isClosed || !this.isConnected) return;
    for (const [subject, value] of this.#wanted) this.#put(subject, value);
    for (const subject of this.#watchers.keys()) {
      this.#hub.deliver(this, this, () => this.onValue(subject, this.#hub.kept(subject)));
    }
  }

  #put(subject: string, value: Uint8Array): void {
    if (this.#isClosed || !this.isConnected) return;
    const kept = this.#hub.kept(subject);
    if (kept === value || (kept !== undefined && !this.#hub.order.isNewer(value, kept))) return;
    this.#hub.deliver(this, undefined, () => this.#hub.put(subject, value));
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#hub.leave(this);
    return Promise.resolve();
  }
}
