import type { Engine } from "../../engine/common/engine.ts";
import { EntryKind } from "../../ledger/kinds/entry_kinds.ts";
import type { LedgerRing } from "../../ledger/ring/ledger_ring.ts";
import type { Connections } from "../common/connections.ts";
import { Deliveries } from "./deliveries.ts";
import type { Entries } from "./entries.ts";
import type { SetCounters } from "../common/set_counters.ts";
import type { SetHost } from "../common/set_host.ts";

/**
 * Tells the ledger of the awards that have reached their users, and of shares of sent packets. Version 0 has no receipt;
 * a frame that comes 1 s or more after an award was sent counts as one.
 */
export class AwardReceipts {
  readonly #engine: Engine;
  readonly #connections: Connections;
  readonly #ring: LedgerRing;
  readonly #entries: Entries;
  readonly #counters: SetCounters;
  readonly #deliveries: Deliveries;

  constructor(host: SetHost, entries: Entries, counters: SetCounters) {
    this.#engine = host.engine;
    this.#connections = host.connections;
    this.#ring = host.ring;
    this.#entries = entries;
    this.#counters = counters;
    this.#deliveries = new Deliveries(host.connections.undelivered);
  }

  /** A frame that tells of an award or a share is on its way. Version 1 says itself when it has arrived. */
  sent(connection: number, packetId: number, nowMs: number): void {
    this.#deliveries.add(connection, packetId, nowMs);
  }

  /** A frame of version 0 has come: what was sent long enough before has arrived, once nothing waits in the connection's queue. */
  received(connection: number, user: number, nowMs: number): void {
    if (this.#engine.queuedBytes(connection) > 0) return;
    while (this.#hasRoom()) {
      const packetId = this.#deliveries.takeDelivered(connection, nowMs);
      if (packetId === 0) break;
      this.#delivered(connection, user, packetId, nowMs);
    }
  }

  /**
   * A version 1 user says that they know of an award. The ledger hears of it once, and only if this connection was told of
   * it: so a peer can bring about no more entries than it was sent awards.
   */
  confirmed(connection: number, packetId: number, nowMs: number): void {
    if (!this.#hasRoom()) return;
    if (this.#deliveries.take(connection, packetId)) {
      return this.#delivered(connection, this.#connections.user[connection], packetId, nowMs);
    }
    this.#counters.block[this.#counters.at.deliveredUnknown]++;
  }

  /** A user of version 0 was told of an award that they had won by version 1: they can't open it, so it is opened for them. */
  openFor(connection: number, packetId: number, nowMs: number): void {
    // Without a place it waits for their next login, since what is unopened is pending.
    if (this.#connections.version[connection] !== 0 || !this.#hasRoom()) return;
    this.#entries.add(EntryKind.open, -1, -1, this.#connections.user[connection], packetId, nowMs);
  }

  /** The connection is gone: its user is told again at their next login. */
  forget(connection: number): void {
    if (this.#connections.undelivered[connection] !== 0) this.#deliveries.forget(connection);
  }

  /** A receipt never takes the place that a winner needs: without it the award is only told again. */
  #hasRoom(): boolean {
    return this.#ring.open < this.#ring.capacity / 2;
  }

  #delivered(connection: number, user: number, packetId: number, nowMs: number): void {
    this.#counters.block[this.#counters.at.awardsDelivered]++;
    this.#entries.add(EntryKind.delivered, -1, connection, user, packetId, nowMs);
  }
}
