import { createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Bus } from "../bus/bus.ts";

/** Grows when a field goes or changes its meaning. */
const WORDS_VERSION = 1;
const PURPOSE = "redpkt open 1";
/** An owner that says nothing for so long leaves the user to try later. */
const ANSWER_MS = 2_000;
/** What is still open is asked again, and answers that are still good are said again, after so long. */
const AGAIN_MS = 400;
/** An answer is kept for so long, for whoever asks again. */
const KEEP_MS = 10_000;
/** Most in one message; the others wait for the next. */
const MOST_ITEMS = 400;

const number = z.int().min(0).max(0xffff_ffff);
const words = z.object({
  schemaVersion: z.literal(WORDS_VERSION),
  /** Numbers of the hosts: who says it, and to whom. */
  from: number,
  to: number,
  /** User and packet of each. */
  asks: z.array(z.tuple([number, number])).max(MOST_ITEMS),
  /** User, packet, result and amount in fen of each. */
  answers: z.array(z.tuple([number, number, number, number])).max(MOST_ITEMS),
});
type Words = z.infer<typeof words>;

/** What became of an open at the packet's owner: a result of the protocol, and the amount. */
export interface OpenAnswer {
  readonly result: number;
  readonly amountFen: number;
}

export interface OpenExchangeParts {
  readonly event: string;
  /** As whom it speaks on the buses, and the host's number. */
  readonly host: string;
  readonly number: number;
  readonly buses: readonly Bus[];
  readonly clock: Clock;
  /** What all hosts of the event know and nobody else: the key of its tokens; undefined where none is checked. */
  readonly secret: Uint8Array | undefined;
  /** Opens a packet of this host; undefined: nothing was decided, and asking again may help. */
  readonly open: (user: number, packetId: number, answer: (opened: OpenAnswer | undefined) => void) => void;
  /** A message that doesn't count. */
  readonly onRefused: () => void;
  /** There is something to say: `turn` should be called soon. */
  readonly wake: () => void;
}

interface Asked {
  readonly user: number;
  readonly packetId: number;
  readonly untilMs: number;
  readonly answer: (opened: OpenAnswer | undefined) => void;
}

interface Answered extends OpenAnswer {
  readonly user: number;
  readonly packetId: number;
  readonly untilMs: number;
}

/** What a host and one other have to say to each other. */
interface Peer {
  readonly asked: Map<string, Asked>;
  readonly answered: Map<string, Answered>;
  /** Asked by the other, and not decided yet. */
  readonly open: Set<string>;
  /** Whether there is news, and when the same is said again. */
  hasNews: boolean;
  againAtMs: number;
}

const subject = (event: string, host: number) => `${event}.open.h${host}`;
const keyOf = (user: number, packetId: number) => `${user} ${packetId}`;

/**
 * Opens of packets that other hosts own. Each message to a host says all that is open with it, so the latest is enough, and
 * a repeated or lost one does no harm: an open that comes twice is one. It owns no thread and no timer.
 */
export class OpenExchange {
  readonly #parts: OpenExchangeParts;
  readonly #peers = new Map<number, Peer>();

  constructor(parts: OpenExchangeParts) {
    this.#parts = parts;
  }

  start(): void {
    const { buses, event, number } = this.#parts;
    for (const bus of buses) bus.hear(subject(event, number), (_from, bytes) => this.#heard(bytes));
  }

  /** Asks the packet's owner; the answer is undefined if there is none in time. */
  ask(owner: number, user: number, packetId: number, answer: (opened: OpenAnswer | undefined) => void): void {
    const { asked } = this.#peer(owner);
    const key = keyOf(user, packetId);
    const before = asked.get(key);
    // The same asked twice, such as over two connections, is one.
    const both = (opened: OpenAnswer | undefined) => {
      before?.answer(opened);
      answer(opened);
    };
    const untilMs = this.#parts.clock.monotonicMs() + ANSWER_MS;
    asked.set(key, {
      user,
      packetId,
      untilMs: before?.untilMs ?? untilMs,
      answer: before === undefined ? answer : both,
    });
    this.#news(owner);
  }

  /** Does what is due; returns how long until the next call, in ms. */
  turn(): number {
    const nowMs = this.#parts.clock.monotonicMs();
    let nextMs = Infinity;
    for (const [other, peer] of this.#peers) {
      this.#expire(peer, nowMs);
      if (peer.asked.size + peer.answered.size + peer.open.size === 0) {
        this.#peers.delete(other);
        continue;
      }
      if (peer.hasNews || (peer.asked.size > 0 && nowMs >= peer.againAtMs)) this.#tell(other, peer, nowMs);
      const [firstAsked] = peer.asked.values();
      const [firstAnswered] = peer.answered.values();
      nextMs = Math.min(
        nextMs,
        firstAsked === undefined ? Infinity : Math.min(firstAsked.untilMs, peer.againAtMs),
        firstAnswered?.untilMs ?? Infinity,
      );
    }
    return Math.max(0, nextMs - nowMs);
  }

  #expire({ asked, answered }: Peer, nowMs: number): void {
    for (const [key, { untilMs, answer }] of asked) {
      if (untilMs > nowMs) break;
      asked.delete(key);
      answer(undefined);
    }
    for (const [key, { untilMs }] of answered) {
      if (untilMs > nowMs) break;
      answered.delete(key);
    }
  }

  #tell(to: number, peer: Peer, nowMs: number): void {
    const { event, host, number, buses } = this.#parts;
    peer.hasNews = false;
    peer.againAtMs = nowMs + AGAIN_MS;
    // The newest answers and the oldest asks: what waits longest comes first.
    const answers = [...peer.answered.values()].slice(-MOST_ITEMS);
    const said: Words = {
      schemaVersion: WORDS_VERSION,
      from: number,
      to,
      asks: [...peer.asked.values()].slice(0, MOST_ITEMS).map(({ user, packetId }) => [user, packetId]),
      answers: answers.map(({ user, packetId, result, amountFen }) => [user, packetId, result, amountFen]),
    };
    const body = new TextEncoder().encode(JSON.stringify(said));
    const bytes = new Uint8Array([...body, 0x0a, ...this.#macOf(body)]);
    for (const bus of buses) bus.tell(subject(event, to), host, bytes);
  }

  #heard(bytes: Uint8Array): void {
    const said = this.#read(bytes);
    if (said === undefined) return this.#parts.onRefused();
    for (const [user, packetId] of said.asks) this.#asked(said.from, user, packetId);
    const { asked } = this.#peer(said.from);
    const before = asked.size;
    for (const [user, packetId, result, amountFen] of said.answers) {
      const key = keyOf(user, packetId);
      const waiting = asked.get(key);
      if (!asked.delete(key)) continue;
      waiting!.answer({ result, amountFen });
    }
    // There is room for those who had none in the last message.
    if (asked.size > 0 && asked.size < before) this.#news(said.from);
  }

  #asked(by: number, user: number, packetId: number): void {
    const peer = this.#peer(by);
    const key = keyOf(user, packetId);
    // Every path brings it, and again until the answer has come.
    if (peer.open.has(key)) return;
    if (peer.answered.has(key)) return this.#news(by);
    peer.open.add(key);
    this.#parts.open(user, packetId, (opened) => {
      peer.open.delete(key);
      if (opened === undefined) return; // the asker asks again, or leaves it to the user
      const untilMs = this.#parts.clock.monotonicMs() + KEEP_MS;
      peer.answered.set(key, { user, packetId, untilMs, ...opened });
      this.#peers.set(by, peer);
      this.#news(by);
    });
  }

  #news(other: number): void {
    this.#peer(other).hasNews = true;
    this.#parts.wake();
  }

  #peer(other: number): Peer {
    const known = this.#peers.get(other);
    if (known !== undefined) return known;
    const peer: Peer = {
      asked: new Map(),
      answered: new Map(),
      open: new Set(),
      hasNews: false,
      againAtMs: 0,
    };
    this.#peers.set(other, peer);
    return peer;
  }

  /** What a message says; undefined if it isn't for this host, or from nobody who knows the secret. */
  #read(bytes: Uint8Array): Words | undefined {
    const end = bytes.indexOf(0x0a);
    if (end < 0) return undefined;
    const body = bytes.subarray(0, end);
    const [mac, wanted] = [bytes.subarray(end + 1), this.#macOf(body)];
    if (mac.length !== wanted.length || !timingSafeEqual(mac, wanted)) return undefined;
    try {
      const said = words.parse(JSON.parse(new TextDecoder().decode(body)));
      return said.to === this.#parts.number ? said : undefined;
    } catch {
      return undefined;
    }
  }

  #macOf(body: Uint8Array): Uint8Array {
    const { secret, event } = this.#parts;
    if (secret === undefined) return new Uint8Array();
    const mac = createHmac("sha256", secret).update(`${PURPOSE}\n${event}\n`).update(body).digest("base64");
    return new TextEncoder().encode(mac);
  }
}
