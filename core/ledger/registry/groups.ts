import { hasUser } from "../record/sent_packet.ts";

/** Who belongs together. A change makes a new one: packets that were sent before keep the old. */
export class Group {
  /** Sorted. */
  readonly members: Uint32Array;
  /** How many there are, then the members: what a SET reads. */
  readonly words: Uint32Array;

  /** @param members sorted, each once */
  constructor(members: Uint32Array) {
    this.words = new Uint32Array(1 + members.length);
    this.words[0] = members.length;
    this.words.set(members, 1);
    this.members = this.words.subarray(1);
  }

  has(user: number): boolean {
    return hasUser(this.members, user);
  }
}

/** All groups by id. One without members doesn't exist any more. */
export class Groups {
  readonly #groups = new Map<number, Group>();
  /** All ids in order, once somebody has asked; undefined after a change. */
  #sorted: Uint32Array | undefined;
  /** By user: groups that they ever were in; a packet of that time is theirs to claim. */
  readonly #everOf = new Map<number, Set<number>>();

  get(group: number): Group | undefined {
    return this.#groups.get(group);
  }

  /** The lowest id above another, 0 if there is none. */
  after(id: number): number {
    if (this.#sorted === undefined) this.#sorted = Uint32Array.from(this.#groups.keys()).sort();
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle] <= id) low = middle + 1;
      else high = middle;
    }
    return this.#sorted[low] ?? 0;
  }

  everOf(user: number): Iterable<number> {
    return this.#everOf.get(user) ?? [];
  }

  /** Sets a group's members. False if they were the same before. */
  set(id: number, users: Uint32Array): boolean {
    const members = Uint32Array.from(new Set(users)).sort();
    const before = this.#groups.get(id)?.members ?? new Uint32Array();
    if (before.length === members.length && before.every((user, i) => user === members[i])) return false;
    this.#sorted = undefined;
    if (members.length === 0) this.#groups.delete(id);
    else this.#groups.set(id, new Group(members));
    this.note(id, members);
    return true;
  }

  /** These users were members once. */
  note(id: number, members: Uint32Array): void {
    for (const user of members) {
      const groups = this.#everOf.get(user);
      if (groups === undefined) this.#everOf.set(user, new Set([id]));
      else groups.add(id);
    }
  }

  /** All groups with their members, in the order of their making. */
  *all(): Generator<readonly [id: number, members: Uint32Array]> {
    for (const [id, { members }] of this.#groups) yield [id, members];
  }
}
