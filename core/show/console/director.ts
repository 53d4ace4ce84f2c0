import type { KeyObject } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Bus } from "../../bus/bus.ts";
import { readOrNothing } from "../../link/show_order.ts";
import {
  CLOCK_PURPOSE,
  decodeWords,
  type HostWords,
  hostWords,
  isSameMark,
  markOf,
  type ShowMark,
  subjects,
} from "../../link/words.ts";
import type { SigningKey } from "../../seed/file/keys.ts";
import { compareShows, type SignedShow } from "../signed.ts";

/** A host that was heard so long ago isn't there. */
export const PRESENT_MS = 6_000;
/** How often every host is asked to say what it is while somebody waits for it. */
const ASK_MS = 1_000;
/** Hosts that must agree before a console doubts its own clock, and by how much. */
const MIN_WITNESSES = 3;
const MAX_OFF_MS = 1_000;
const WITNESS_MS = 1_000;

/** A host as a console sees it. */
export interface SeenHost extends HostWords {
  /** Monotonic time of its last word, and the path that has brought it. */
  readonly heardMs: number;
  readonly path: string;
  /** Its clock less the console's, when it was heard: late by the way. */
  readonly aheadMs: number;
}

interface DirectorParts {
  readonly event: string;
  readonly name: string;
  readonly buses: readonly Bus[];
  readonly trusted: ReadonlyMap<string, KeyObject>;
  /** Absent: it only looks, and answers no clock. */
  readonly key?: SigningKey | undefined;
  readonly clock: Clock;
  /** Something was heard. */
  onNews?(): void;
}

/**
 * A console's side of the buses: what every path holds, what every host says, and answers to their clocks. Like a host's
 * side it owns no timer.
 */
export class Director {
  readonly hosts = new Map<string, SeenHost>();
  readonly #parts: DirectorParts;
  /** By path: the newest valid document that it holds; null: none, absent: it hasn't said. */
  readonly #held = new Map<Bus, SignedShow | null>();
  #newest: SignedShow | undefined;
  #nextAskMs = 0;
  #firstHeardMs: number | undefined;
  /** Somebody waits for what hosts say. */
  isAsking = true;

  constructor(parts: DirectorParts) {
    this.#parts = parts;
  }

  start(): void {
    const { buses, event } = this.#parts;
    for (const bus of buses) {
      bus.watch(subjects.show(event), (value) => this.#onValue(bus, value));
      bus.hear(subjects.hosts(event), (from, bytes) => this.#onHost(bus, from, bytes));
    }
  }

  /** The newest valid document of any path. */
  get newest(): SignedShow | undefined {
    return this.#newest;
  }

  get buses(): readonly Bus[] {
    return this.#parts.buses;
  }

  /** Whether every path has said what it holds; and whether one has, with all that are connected. */
  get hasLookedAtAll(): boolean {
    return this.#held.size === this.#parts.buses.length;
  }

  get hasLooked(): boolean {
    return this.#held.size > 0 &&
      this.#parts.buses.every((bus) => this.#held.has(bus) || !bus.state.isConnected);
  }

  /** Which document a path holds; undefined: it hasn't said. */
  heldBy(bus: Bus): ShowMark | null | undefined {
    const held = this.#held.get(bus);
    return held === undefined ? undefined : held === null ? null : markOf(held);
  }

  offer(show: SignedShow): void {
    const subject = show.document.activateMs === null ? subjects.prepare : subjects.show;
    for (const bus of this.#parts.buses) bus.offer(subject(this.#parts.event), show.bytes);
  }

  /** Asks hosts, if somebody waits for them. */
  turn(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (!this.isAsking || nowMs < this.#nextAskMs) return;
    this.#nextAskMs = nowMs + ASK_MS;
    this.ask();
  }

  ask(): void {
    const words = new TextEncoder().encode(String(this.#parts.clock.wallMs()));
    for (const bus of this.#parts.buses) bus.tell(subjects.ask(this.#parts.event), this.#parts.name, words);
  }

  isPresent({ heardMs }: SeenHost): boolean {
    return this.#parts.clock.monotonicMs() - heardMs < PRESENT_MS;
  }

  /** Whether a host has a document: could play it, has it on disk, or lets it count. */
  has(host: string, show: SignedShow, what: "prepared" | "newest" | "active"): boolean {
    const seen = this.hosts.get(host);
    return seen !== undefined && isSameMark(seen[what], markOf(show));
  }

  /** Why a host refuses a document; undefined if it doesn't. */
  refusal(host: string, { document }: SignedShow): string | undefined {
    const refused = this.hosts.get(host)?.refused ?? undefined;
    return refused?.epoch === document.epoch && refused.number === document.number ? refused.why : undefined;
  }

  /**
   * By how much this console's own clock is ahead of most hosts', in ms; 0 if they agree, or are too few to say. One that
   * is off holds nobody's packets: it answers no clock.
   */
  get ownClockOffMs(): number {
    const ahead = [...this.hosts.values()].filter((host) => this.isPresent(host)).map(({ aheadMs }) =>
      -aheadMs
    )
      .sort((a, b) => a - b);
    if (ahead.length < MIN_WITNESSES) return 0;
    const middle = ahead[ahead.length >> 1];
    return Math.abs(middle) > MAX_OFF_MS ? middle : 0;
  }

  #onValue(bus: Bus, value: Uint8Array | undefined): void {
    const { trusted, event } = this.#parts;
    const show = value === undefined ? undefined : readOrNothing(value, trusted, event);
    this.#held.set(bus, show ?? null);
    if (show !== undefined && (this.#newest === undefined || compareShows(show, this.#newest) > 0)) {
      this.#newest = show;
    }
    this.#parts.onNews?.();
  }

  #onHost(bus: Bus, from: string, bytes: Uint8Array): void {
    const words = decodeWords(hostWords, bytes);
    // A name that isn't the sender's would let one host acknowledge for another where a bus tells senders apart.
    if (words === undefined || words.host !== from) return;
    const { clock } = this.#parts;
    const before = this.hosts.get(from);
    const isOfSame = before?.startedMs === words.startedMs;
    const isNewer = before === undefined ||
      (isOfSame ? words.said > before.said : this.#isLater(words, before));
    if (isNewer) {
      const aheadMs = words.wallMs - clock.wallMs();
      this.hosts.set(from, { ...words, heardMs: clock.monotonicMs(), path: bus.name, aheadMs });
    }
    this.#answerClock(bus, words);
    this.#parts.onNews?.();
  }

  /** Whether one process of a host came after another: clocks may have been put back in between. */
  #isLater(words: HostWords, before: SeenHost): boolean {
    return words.startedMs > before.startedMs || !this.isPresent(before);
  }

  #answerClock(bus: Bus, { host, wallMs, wantsClock }: HostWords): void {
    if (!wantsClock) return;
    const { key, clock, event, name } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#firstHeardMs ??= nowMs;
    // First it hears who agrees with it.
    if (key === undefined || nowMs - this.#firstHeardMs < WITNESS_MS || this.ownClockOffMs !== 0) return;
    const words = { event, host, hostMs: wallMs, consoleMs: clock.wallMs() };
    const body = new TextEncoder().encode(JSON.stringify(words));
    const tail = new TextEncoder().encode(`\n${key.id} ${key.signFor(CLOCK_PURPOSE, body).toBase64()}`);
    const bytes = new Uint8Array(body.length + tail.length);
    bytes.set(body);
    bytes.set(tail, body.length);
    bus.tell(subjects.clock(event, host), name, bytes);
  }
}
