/** Width of the slots in which users wait, in ms. */
const SLOT_MS = 10;

/** What users will do with a packet some time later, by 10 ms. */
export class Later {
  /** By slot: users and packets in turn. */
  readonly #slots = new Map<number, number[]>();
  #nextSlot = Infinity;

  /** When the next is due, in monotonic ms. */
  get nextDueMs(): number {
    return this.#nextSlot * SLOT_MS;
  }

  /** A user will be due with a packet at this monotonic time. */
  add(user: number, packetId: number, dueMs: number): void {
    const slot = Math.ceil(dueMs / SLOT_MS);
    const waiting = this.#slots.get(slot);
    if (waiting === undefined) this.#slots.set(slot, [user, packetId]);
    else waiting.push(user, packetId);
    this.#nextSlot = Math.min(this.#nextSlot, slot);
  }

  /** Hands over who is due. */
  tick(nowMs: number, act: (user: number, packetId: number) => void): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    if (slot < this.#nextSlot) return;
    const due: number[][] = [];
    this.#nextSlot = Infinity;
    for (const [at, waiting] of this.#slots) {
      if (at > slot) this.#nextSlot = Math.min(this.#nextSlot, at);
      else {
        this.#slots.delete(at);
        due.push(waiting);
      }
    }
    for (const waiting of due) for (let i = 0; i < waiting.length; i += 2) act(waiting[i], waiting[i + 1]);
  }
}
