import type { EngineHandler } from "../../core/engine/common/engine.ts";
import { SimEngine } from "../../core/engine/sim/sim.ts";
import type { SimActor } from "../../core/engine/sim/agenda.ts";
import type { SimNetwork } from "../../core/engine/sim/network.ts";
import { parseAddress } from "../../core/os/address.ts";
import { Phone, type PhoneOptions, type Transport, type WireEvents } from "../../core/phone/library/mod.ts";
import type { LinkClock } from "../../core/phone/library/mod.ts";
import { Random } from "../../core/base/random.ts";
import { Waker } from "../../core/threads/waker.ts";

const MAX_FRAME_BYTES = 4_096;

/** The time of a simulated network, with timers. */
export function simClock(network: SimNetwork): LinkClock {
  return {
    monotonicMs: () => network.clock.monotonicMs(),
    wallMs: () => network.clock.wallMs(),
    after(ms, call) {
      let isWanted = true;
      network.at(network.clock.monotonicMs() + ms, () => isWanted && call());
      return () => void (isWanted = false);
    },
  };
}

/** Phones of the client library on a simulated network. An address is `HOST:PORT`. */
export class SimPhones implements SimActor, EngineHandler {
  readonly engine: SimEngine;
  readonly transport: Transport;
  readonly #clock: LinkClock;
  readonly #seed: number;
  readonly #events = new Map<number, WireEvents>();

  constructor(network: SimNetwork, seed = 1, capacity = 1_000) {
    this.engine = new SimEngine({ capacity, clock: network.clock, waker: new Waker(), network });
    this.engine.attach(this);
    this.#clock = simClock(network);
    this.#seed = seed;
    this.transport = (address, events) => this.#dial(address, events);
  }

  /** A phone; begin it with `connect`. */
  phone(user: number, options: Partial<PhoneOptions> = {}): Phone {
    return new Phone({
      to: "127.0.0.1:1025",
      user,
      transport: this.transport,
      clock: this.#clock,
      random: Random.ofPart(this.#seed, user),
      ...options,
    });
  }

  /** Cuts every connection, as a lift or a tunnel does. */
  cut(): void {
    for (const connection of this.#events.keys()) this.engine.abort(connection);
  }

  turn(): void {
    this.engine.poll(0);
  }

  nextDueMs(): number {
    return this.engine.nextDueMs();
  }

  onWake(): void {}
  onAccept(): void {}
  onDrain(): void {}

  onConnect(connection: number): void {
    this.#events.get(connection)!.opened();
  }

  onBytes(connection: number, start: number, end: number): void {
    this.#events.get(connection)!.received(
      this.engine.input.bytes.slice(start, end) as Uint8Array<ArrayBuffer>,
    );
  }

  onEnd(connection: number): void {
    this.engine.close(connection);
  }

  onClose(connection: number): void {
    const events = this.#events.get(connection)!;
    this.#events.delete(connection);
    events.closed(0);
  }

  #dial(address: string, events: WireEvents) {
    const [host, port] = address.split(":");
    const { engine } = this;
    const connection = engine.dial({ address: parseAddress(host)!, port: Number(port), source: 0 });
    this.#events.set(connection, events);
    const isThere = () => this.#events.get(connection) === events;
    return {
      send(bytes: Uint8Array) {
        const at = isThere() ? engine.reserve(connection, MAX_FRAME_BYTES) : -1;
        if (at < 0) return;
        engine.output.bytes.set(bytes, at);
        engine.commit(connection, bytes.length);
      },
      close: () => void (isThere() && engine.close(connection)),
    };
  }
}
