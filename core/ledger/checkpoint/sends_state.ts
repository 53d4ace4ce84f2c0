import type { Sends } from "../registry/sends.ts";
import { SentPacket } from "../record/sent_packet.ts";

/** Of a share that is to be told again: user, packet, fen. They are the last, with their number in front. */
export const PENDING_WORDS = 3;

/**
 * All that a judge knows of what users sent each other, as words in one run: the totals, the columns of every packet ever
 * sent, balances, funding orders, groups, the packets in memory, and the shares that are to be told again.
 */
export function sendsWords(sends: Sends): Uint32Array {
  const words = new WordWriter();
  const { sourceFen, userFen, packetFen } = sends.totals;
  for (const fen of [sourceFen, userFen, packetFen]) words.addFloat(fen);
  const [senders, requestIds, flags] = sends.list.columns();
  words.add(senders.length);
  words.addAll(senders);
  words.addAll(requestIds);
  words.addAll(Uint32Array.from(flags));
  words.add(sends.netFen.size);
  for (const [user, fen] of sends.netFen) {
    words.add(user);
    words.addFloat(fen);
  }
  words.add(sends.fundedTo.size);
  for (const [order, user] of sends.fundedTo) {
    words.add(order);
    words.add(user);
  }
  const groups = [...sends.groups.all()];
  words.add(groups.length);
  for (const [group, members] of groups) {
    words.add(group);
    words.addList(members);
  }
  words.add(sends.keptCount);
  for (const packet of sends.kept) words.addList(packet.words());
  const pending = [...sends.pending.all()];
  words.add(pending.length);
  for (const [user, { packetId, amountFen }] of pending) {
    words.add(user);
    words.add(packetId);
    words.add(amountFen);
  }
  return words.taken();
}

/** Where the shares that are to be told again begin in these words: all before is money, or decides about it. */
export function pendingAt(sends: Sends, words: Uint32Array): number {
  return words.length - 1 - PENDING_WORDS * [...sends.pending.all()].length;
}

/** Brings empty sends to the state that the words say. */
export function restoreSends(sends: Sends, state: Uint32Array): void {
  const words = new WordReader(state);
  sends.totals.sourceFen = words.nextFloat();
  sends.totals.userFen = words.nextFloat();
  sends.totals.packetFen = words.nextFloat();
  const sent = words.next();
  sends.list.restore(words.take(sent), words.take(sent), Uint8Array.from(words.take(sent)));
  for (let left = words.next(); left > 0; left--) sends.netFen.set(words.next(), words.nextFloat());
  for (let left = words.next(); left > 0; left--) sends.fundedTo.set(words.next(), words.next());
  for (let left = words.next(); left > 0; left--) sends.groups.set(words.next(), words.nextList());
  for (let left = words.next(); left > 0; left--) sends.restore(SentPacket.from(words.nextList()));
  for (let left = words.next(); left > 0; left--) {
    sends.pending.add(words.next(), words.next(), words.next());
  }
}

const FIRST_CAPACITY = 4096;

/** Words in an array that grows. */
class WordWriter {
  #words = new Uint32Array(FIRST_CAPACITY);
  #size = 0;
  readonly #float = new Float64Array(1);
  readonly #floatWords = new Uint32Array(this.#float.buffer);

  add(word: number): void {
    this.#reserve(1);
    this.#words[this.#size++] = word;
  }

  addFloat(value: number): void {
    this.#float[0] = value;
    this.addAll(this.#floatWords);
  }

  addAll(words: Uint32Array): void {
    this.#reserve(words.length);
    this.#words.set(words, this.#size);
    this.#size += words.length;
  }

  /** Words with their number in front. */
  addList(words: Uint32Array): void {
    this.add(words.length);
    this.addAll(words);
  }

  taken(): Uint32Array {
    return this.#words.subarray(0, this.#size);
  }

  #reserve(count: number): void {
    if (this.#size + count <= this.#words.length) return;
    const longer = new Uint32Array(2 * (this.#size + count));
    longer.set(this.#words);
    this.#words = longer;
  }
}

/** Reads what a `WordWriter` has written. */
class WordReader {
  readonly #words: Uint32Array;
  #at = 0;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  next(): number {
    return this.#words[this.#at++];
  }

  nextFloat(): number {
    return new Float64Array(this.take(2).slice().buffer)[0];
  }

  take(count: number): Uint32Array {
    return this.#words.subarray(this.#at, this.#at += count);
  }

  nextList(): Uint32Array {
    return this.take(this.next());
  }
}
