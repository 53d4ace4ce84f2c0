interface Sent {
  readonly packetId: number;
  readonly sentMs: number;
}

/** A frame of the same connection so long after an award's reply shows that the reply got there. */
export const DELIVERED_AFTER_MS = 1_000;

/** Awards of a SET that were sent, and nobody knows yet whether they arrived. Only winners have an entry. */
export class Deliveries {
  readonly #sent = new Map<number, Sent[]>();

  add(connection: number, packetId: number, nowMs: number): void {
    const sent = this.#sent.get(connection);
    if (sent === undefined) this.#sent.set(connection, [{ packetId, sentMs: nowMs }]);
    else sent.push({ packetId, sentMs: nowMs });
  }

  /** The oldest award of a connection that is delivered now, 0 for none. Ask again until there is none. */
  takeDelivered(connection: number, nowMs: number): number {
    const sent = this.#sent.get(connection);
    if (sent === undefined || nowMs - sent[0].sentMs < DELIVERED_AFTER_MS) return 0;
    const { packetId } = sent.shift()!;
    if (sent.length === 0) this.#sent.delete(connection);
    return packetId;
  }

  /** Whether a connection has awards under way. */
  has(connection: number): boolean {
    return this.#sent.has(connection);
  }

  /** The connection is gone: its user is told again at his next login. */
  forget(connection: number): void {
    this.#sent.delete(connection);
  }
}
