import { LatestPackets } from "./latest_packets.ts";

const FIRST_PLACES = 16;
/** Words of an award in {@linkcode CarriedAwards.words}. */
const WORDS = 5;

/** An award of another host, as its user's pass says it. */
export interface CarriedAward {
  readonly packetId: number;
  readonly sponsor: number;
  /** In fen; only for people, since the money is another host's. */
  readonly amountFen: number;
  /** Number of the host that owns the packet. */
  readonly host: number;
}

/**
 * Awards of other hosts that users have shown passes of: by user a list, the newest first, in columns of 16 bytes an
 * award. Nothing is ever taken away.
 */
export class CarriedAwards {
  /** By user: the place of their newest one. Place 0 is never used. */
  readonly #newest = new LatestPackets();
  #packetIds = new Uint32Array(FIRST_PLACES);
  #sponsors = new Uint16Array(FIRST_PLACES);
  #hosts = new Uint16Array(FIRST_PLACES);
  #amounts = new Uint32Array(FIRST_PLACES);
  #before = new Uint32Array(FIRST_PLACES);
  #places = 1;

  get size(): number {
    return this.#places - 1;
  }

  /** Users that have one. */
  get users(): number {
    return this.#newest.size;
  }

  /** The place of a user's newest one, 0 if they have none. */
  newest(user: number): number {
    return this.#newest.get(user);
  }

  /** The place of the same user's one before, 0 if there is none. */
  before(place: number): number {
    return this.#before[place];
  }

  packetId(place: number): number {
    return this.#packetIds[place];
  }

  sponsor(place: number): number {
    return this.#sponsors[place];
  }

  /** At most 2^32 - 1, as it is on the wire. */
  amountFen(place: number): number {
    return this.#amounts[place];
  }

  host(place: number): number {
    return this.#hosts[place];
  }

  has(user: number, packetId: number): boolean {
    let place = this.newest(user);
    while (place !== 0 && this.#packetIds[place] !== packetId) place = this.#before[place];
    return place !== 0;
  }

  /** All of a user, the newest first. */
  of(user: number): CarriedAward[] {
    const awards: CarriedAward[] = [];
    for (let place = this.newest(user); place !== 0; place = this.before(place)) {
      awards.push({
        packetId: this.packetId(place),
        sponsor: this.sponsor(place),
        amountFen: this.amountFen(place),
        host: this.host(place),
      });
    }
    return awards;
  }

  /** Adds one that the user doesn't have yet. */
  add(user: number, packetId: number, sponsor: number, amountFen: number, host: number): void {
    if (this.#places === this.#before.length) this.#grow();
    const place = this.#places++;
    this.#packetIds[place] = packetId;
    this.#sponsors[place] = sponsor;
    this.#amounts[place] = amountFen;
    this.#hosts[place] = host;
    this.#before[place] = this.#newest.replace(user, place);
  }

  /** All of them as words, each user's in the order in which they came. */
  words(): Uint32Array {
    const words = new Uint32Array(this.size * WORDS);
    for (const [user, newest] of this.#newest) {
      for (let place = newest; place !== 0; place = this.#before[place]) {
        words.set(
          [user, this.packetId(place), this.sponsor(place), this.amountFen(place), this.host(place)],
          (place - 1) * WORDS,
        );
      }
    }
    return words;
  }

  /** Brings empty ones to the state that the words say. */
  restore(words: Uint32Array): void {
    for (let at = 0; at < words.length; at += WORDS) {
      this.add(words[at], words[at + 1], words[at + 2], words[at + 3], words[at + 4]);
    }
  }

  #grow(): void {
    const longer = <T extends Uint32Array | Uint16Array>(larger: T, column: T): T => {
      larger.set(column);
      return larger;
    };
    const places = this.#before.length * 2;
    this.#packetIds = longer(new Uint32Array(places), this.#packetIds);
    this.#sponsors = longer(new Uint16Array(places), this.#sponsors);
    this.#hosts = longer(new Uint16Array(places), this.#hosts);
    this.#amounts = longer(new Uint32Array(places), this.#amounts);
    this.#before = longer(new Uint32Array(places), this.#before);
  }
}
