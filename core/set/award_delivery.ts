import type { Engine } from "../engine/engine.ts";
import { EntryKind } from "../ledger/entry.ts";
import type { LedgerRing } from "../ledger/ledger_ring.ts";
import type { Connections } from "./connections.ts";
import { Deliveries } from "./deliveries.ts";
import type { Entries } from "./entries.ts";
import { PendingAsks } from "./pending_asks.ts";

/** How soon to ask the ledger again for what is pending. */
const ASK_AGAIN_MS = 50;

/** What the delivery of awards needs of its SET. */
export interface AwardDeliveryParts {
  readonly engine: Engine;
  readonly connections: Connections;
  readonly ring: LedgerRing;
  readonly entries: Entries;
  /** The plugin that says pending awards again, -1 if none does. */
  readonly plugin: number;
  /** Whether the ledger takes entries now. */
  canAward(): boolean;
  /** An award has reached its user, as far as we can know. */
  delivered(): void;
}

/**
 * Sees to it that every award reaches its user, at least once: asks the ledger for pending ones at each login, and tells
 * it of those that have arrived, and of shares of sent packets. Version 0 has no receipt; a frame that comes 1 s or more after an award was sent counts
 * as one.
 */
export class AwardDelivery {
  readonly #parts: AwardDeliveryParts;
  readonly #deliveries = new Deliveries();
  readonly #asks = new PendingAsks();

  constructor(parts: AwardDeliveryParts) {
    this.#parts = parts;
  }

  /** A frame that tells of an award or a share is on its way. Version 1 says itself when it has arrived. */
  sent(connection: number, packetId: number, nowMs: number): void {
    if (this.#parts.connections.version[connection] !== 0) return;
    this.#deliveries.add(connection, packetId, nowMs);
    this.#parts.connections.hasUndelivered[connection] = 1;
  }

  /** A frame has come: what was sent long enough before has arrived, once nothing waits in the connection's queue. */
  received(connection: number, user: number, nowMs: number): void {
    const { engine, connections, ring, entries } = this.#parts;
    if (engine.queuedBytes(connection) > 0) return;
    // Marks never take the places that winners need.
    while (ring.open < ring.capacity / 2) {
      const packetId = this.#deliveries.takeDelivered(connection, nowMs);
      if (packetId === 0) break;
      this.#parts.delivered();
      entries.add(EntryKind.delivered, -1, connection, user, packetId, nowMs);
    }
    if (!this.#deliveries.has(connection)) connections.hasUndelivered[connection] = 0;
  }

  /** A version 1 user says that he knows of an award; the ledger knows whether it is his. */
  confirmed(connection: number, user: number, packetId: number, nowMs: number): void {
    const { ring, entries } = this.#parts;
    // A receipt never takes the place that a winner needs: without it the award is only told again.
    if (packetId === 0 || ring.open >= ring.capacity / 2) return;
    this.#parts.delivered();
    entries.add(EntryKind.delivered, -1, connection, user, packetId, nowMs);
  }

  /** A user of version 0 was told of an award that he had won by version 1: he can't open it, so it is opened for him. */
  openFor(connection: number, packetId: number, nowMs: number): void {
    const { connections, ring, entries } = this.#parts;
    // Without a place it waits for his next login, since what is unopened is pending.
    if (connections.version[connection] !== 0 || ring.open >= ring.capacity / 2) return;
    entries.add(EntryKind.open, -1, -1, connections.user[connection], packetId, nowMs);
  }

  /**
   * Asks the ledger for the user's next pending award after a packet id; soon, if it isn't possible now.
   *
   * @returns when `retry` is due, `Infinity` if it isn't
   */
  ask(connection: number, after: number, nowMs: number): number {
    if (this.#parts.plugin < 0) return Infinity;
    const generation = this.#parts.engine.generation[connection];
    if (this.#asks.size === 0 && this.#propose(connection, generation, after, nowMs)) return Infinity;
    this.#asks.add(connection, generation, after);
    return nowMs + ASK_AGAIN_MS;
  }

  /** Asks again for those who had to wait; returns when that is due again, `Infinity` if nobody waits. */
  retry(nowMs: number): number {
    if (this.#asks.size === 0) return Infinity;
    this.#asks.retry((connection, generation, after) => this.#propose(connection, generation, after, nowMs));
    return this.#asks.size === 0 ? Infinity : nowMs + ASK_AGAIN_MS;
  }

  /** The connection is gone: its user is told again at the next login. */
  forget(connection: number): void {
    if (this.#parts.connections.hasUndelivered[connection] === 1) this.#deliveries.forget(connection);
  }

  /** False if it must be tried again. */
  #propose(connection: number, generation: number, after: number, nowMs: number): boolean {
    const { engine, connections, ring, entries, plugin } = this.#parts;
    if (engine.generation[connection] !== generation) return true; // gone
    if (!this.#parts.canAward() || !ring.hasRoom) return false;
    entries.add(EntryKind.pendingOf, plugin, connection, connections.user[connection], after, nowMs);
    return true;
  }
}
