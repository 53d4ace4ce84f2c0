/** A program in the simulation, such as an engine and the loop around it. */
export interface SimActor {
  /** Does everything that is due now. */
  turn(): void;
  /**
   * When it wants its next turn, should nothing reach it before: monotonic, now for at once, `Infinity` for never. Asked
   * after each of its turns, and only then.
   */
  nextDueMs(): number;
}

interface Entry {
  readonly actor: SimActor;
  /** Who joined earlier has the earlier turn, so that every run has the same order. */
  readonly number: number;
  dueMs: number;
  /** Where it stands in the heap. */
  place: number;
}

/** Who is due, earliest first. What a step costs depends on who is due in it, and hardly on how many there are. */
export class Agenda {
  readonly #entries = new Map<SimActor, Entry>();
  readonly #heap: Entry[] = [];
  #joined = 0;
  #current: Entry | undefined;
  /** Turns that were given: what a simulation costs. */
  turns = 0;

  /** Whose turn it is. */
  get current(): SimActor | undefined {
    return this.#current?.actor;
  }

  /** When somebody is due, `Infinity` for never. */
  get nextMs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].dueMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** It is due at once. Nothing happens if it is there already. */
  join(actor: SimActor): void {
    if (this.#entries.has(actor)) return;
    const entry: Entry = { actor, number: this.#joined++, dueMs: -Infinity, place: -1 };
    this.#entries.set(actor, entry);
    this.#push(entry);
  }

  leave(actor: SimActor): void {
    const entry = this.#entries.get(actor);
    if (entry === undefined) return;
    this.#entries.delete(actor);
    if (entry.place >= 0) this.#remove(entry);
  }

  /** Something has reached it from outside, so that it has a turn in the next step. In its own turn it sees for itself. */
  wake(actor: SimActor): void {
    const entry = this.#entries.get(actor);
    if (entry === undefined || entry === this.#current) return;
    entry.dueMs = -Infinity;
    if (entry.place >= 0) this.#rise(entry);
  }

  wakeAll(): void {
    for (const actor of this.#entries.keys()) this.wake(actor);
  }

  /** These take part, and nobody else; everybody has a turn in the next step. */
  cast(actors: readonly SimActor[]): void {
    const wanted = new Set(actors);
    for (const actor of this.#entries.keys()) {
      if (!wanted.has(actor)) this.leave(actor);
    }
    for (const actor of actors) this.join(actor);
    this.wakeAll();
  }

  /** Gives a turn to everybody who is due; whoever is woken meanwhile is due in the next step. */
  turn(nowMs: number): void {
    const due: Entry[] = [];
    while (this.nextMs <= nowMs) {
      const entry = this.#heap[0];
      this.#remove(entry);
      entry.dueMs = Infinity;
      due.push(entry);
    }
    due.sort((a, b) => a.number - b.number);
    try {
      for (const entry of due) this.#give(entry);
    } catch (error) {
      // A process has died in its turn. Whoever still lives goes on in the next step.
      for (const entry of due) this.#plan(entry, -Infinity);
      throw error;
    }
    for (const entry of due) if (this.#isIn(entry)) this.#plan(entry, entry.actor.nextDueMs());
  }

  #give(entry: Entry): void {
    if (!this.#isIn(entry)) return; // somebody made it leave
    this.#current = entry;
    this.turns++;
    entry.dueMs = Infinity;
    try {
      entry.actor.turn();
    } finally {
      this.#current = undefined;
    }
  }

  #plan(entry: Entry, dueMs: number): void {
    if (!this.#isIn(entry)) return;
    entry.dueMs = Math.min(entry.dueMs, dueMs);
    this.#push(entry);
  }

  #isIn(entry: Entry): boolean {
    return this.#entries.get(entry.actor) === entry;
  }

  #push(entry: Entry): void {
    entry.place = this.#heap.length;
    this.#heap.push(entry);
    this.#rise(entry);
  }

  #remove(entry: Entry): void {
    const last = this.#heap.pop()!;
    if (last !== entry) {
      this.#put(last, entry.place);
      this.#rise(last);
      this.#sink(last);
    }
    entry.place = -1;
  }

  #rise(entry: Entry): void {
    let at = entry.place;
    while (at > 0) {
      const parent = this.#heap[(at - 1) >> 1];
      if (parent.dueMs <= entry.dueMs) break;
      this.#put(parent, at);
      at = (at - 1) >> 1;
    }
    this.#put(entry, at);
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let at = entry.place;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].dueMs < heap[child].dueMs) child++;
      if (entry.dueMs <= heap[child].dueMs) break;
      this.#put(heap[child], at);
      at = child;
    }
    this.#put(entry, at);
  }

  #put(entry: Entry, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}
