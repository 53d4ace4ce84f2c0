import { assert } from "../../../base/assert.ts";
import * as posix from "../../../os/posix.ts";
import { mapMemory } from "../../../os/posix.ts";
import {
  ACCEPT_DONTWAIT,
  EntryFlag,
  EPOLLIN,
  EPOLLOUT,
  EPOLLRDHUP,
  MSG_WAITALL,
  Op,
  POLL_MULTISHOT,
  RECV_MULTISHOT,
} from "./abi.ts";
import { LARGE_POOL } from "./buffers.ts";
import { Kind, userData } from "./user_data.ts";

/** Entries of the submission ring. One enter's own completions are at most these and one for each receive buffer. */
export const SQ_ENTRIES = 1024;

/** Room for a socket address of any family. */
const ADDRESS_BYTES = 32;
/** Of the family AF_UNSPEC, which is 0. */
const NO_ADDRESS = new Uint8Array(16);

/**
 * The submission side of a ring: one method an operation, each of which writes one entry. Whoever calls one sees to it
 * that `room` is over 0.
 */
export class Submissions {
  /** Entries written since the last enter, and how many of them are sends. */
  pending = 0;
  sends = 0;

  readonly #words: Int32Array;
  readonly #ring: Int32Array;
  readonly #tailAt: number;
  readonly #first: number;
  /** A socket address for each entry, for the operation that needs one. */
  readonly #addresses = mapMemory(SQ_ENTRIES * ADDRESS_BYTES);
  #tail: number;

  /**
   * @param ring the mapped ring, and where in it the tail is
   * @param first the ring's first connection, which has slot 0
   */
  constructor(words: Int32Array, ring: Int32Array, tailAt: number, first: number) {
    this.#words = words;
    this.#ring = ring;
    this.#tailAt = tailAt;
    this.#first = first;
    this.#tail = ring[tailAt];
  }

  /** Entries that can be written before the next enter. */
  get room(): number {
    return SQ_ENTRIES - this.pending;
  }

  /** Lets the kernel see what was written. */
  publish(): void {
    Atomics.store(this.#ring, this.#tailAt, this.#tail);
  }

  /** The kernel took so many entries. */
  taken(count: number): void {
    this.pending -= count;
  }

  send(connection: number, address: number, size: number, kind: number): void {
    // Complete when the enter returns, so that the memory can be used again; only what went wrong is told.
    const skip = kind === Kind.send ? EntryFlag.skipSuccess : 0;
    const flags = posix.MSG_DONTWAIT | posix.MSG_NOSIGNAL | MSG_WAITALL;
    const index = this.#tail;
    this.#entry(
      Op.send | EntryFlag.fixedFile | skip,
      connection - this.#first,
      address,
      size,
      flags,
      kind,
      connection,
      index,
    );
    this.sends++;
  }

  receive(connection: number, generation: number): void {
    const head = Op.recv | EntryFlag.fixedFile | EntryFlag.bufferSelect | RECV_MULTISHOT;
    this.#entry(head, connection - this.#first, 0, 0, 0, Kind.receive, connection, generation);
  }

  /** Receives once, into a large buffer. */
  receiveLarge(connection: number, generation: number): void {
    const head = Op.recv | EntryFlag.fixedFile | EntryFlag.bufferSelect;
    const slot = connection - this.#first;
    const at = this.#entry(head, slot, 0, 0, 0, Kind.receiveLarge, connection, generation);
    this.#words[at + 10] = LARGE_POOL.group;
  }

  /** Tells each time that something comes, and once at first if something is there. Reads nothing. */
  watch(connection: number, generation: number): void {
    const head = Op.pollAdd | EntryFlag.fixedFile;
    const slot = connection - this.#first;
    const events = EPOLLIN | EPOLLRDHUP;
    this.#entry(head, slot, 0, POLL_MULTISHOT, events, Kind.pollEvent, connection, generation);
  }

  /** Receives what is there; `note` comes back with it, and it is answered when the enter returns. */
  read(connection: number, address: number, size: number, note: number): void {
    const head = Op.recv | EntryFlag.fixedFile;
    const slot = connection - this.#first;
    this.#entry(head, slot, address, size, posix.MSG_DONTWAIT, Kind.read, connection, note);
  }

  awaitWritable(connection: number, generation: number): void {
    const head = Op.pollAdd | EntryFlag.fixedFile;
    this.#entry(head, connection - this.#first, 0, 0, EPOLLOUT, Kind.writable, connection, generation);
  }

  /** Says that nothing more will be sent. The kernel does this in a thread of its own. */
  endSending(connection: number, generation: number): void {
    const head = Op.shutdown | EntryFlag.fixedFile;
    this.#entry(head, connection - this.#first, 0, posix.SHUT_WR, 0, Kind.shutdown, connection, generation);
  }

  close(connection: number, generation: number): void {
    const at = this.#entry(Op.close, 0, 0, 0, 0, Kind.close, connection, generation);
    this.#words[at + 11] = connection - this.#first + 1;
  }

  connect(connection: number, generation: number, address: Uint8Array): void {
    const memory = this.#addressOfNext(address);
    const at = this.#entry(
      Op.connect | EntryFlag.fixedFile,
      connection - this.#first,
      memory,
      0,
      0,
      Kind.connect,
      connection,
      generation,
    );
    this.#words[at + 2] = address.length;
  }

  /**
   * Ends a connection with a reset and ends what is armed on it: connecting to no address does both, on any socket and
   * at once. (SO_LINGER would need a descriptor, or Linux 6.7.)
   */
  disconnect(connection: number): void {
    const memory = this.#addressOfNext(NO_ADDRESS);
    const head = Op.connect | EntryFlag.fixedFile | EntryFlag.skipSuccess;
    const at = this.#entry(head, connection - this.#first, memory, 0, 0, Kind.ignored, connection, 0);
    this.#words[at + 2] = 16;
  }

  /** Ends an armed operation of a connection, which says so itself. */
  cancel(connection: number, generation: number, kind: number): void {
    const at = this.#entry(
      Op.asyncCancel | EntryFlag.skipSuccess,
      -1,
      0,
      0,
      0,
      Kind.ignored,
      connection,
      generation,
    );
    this.#words[at + 4] = userData(kind, connection);
    this.#words[at + 5] = generation;
  }

  /** Takes a peer from a listening socket into a slot, if one is there; `note` comes back with the answer. */
  accept(listenFd: number, connection: number, note: number, address: number, lengthAddress: number): void {
    const at = this.#entry(
      Op.accept | ACCEPT_DONTWAIT,
      listenFd,
      address,
      0,
      0,
      Kind.accept,
      connection,
      note,
    );
    this.#words[at + 2] = low(lengthAddress);
    this.#words[at + 3] = high(lengthAddress);
    this.#words[at + 11] = connection - this.#first + 1;
  }

  /** Tells when a listening socket has a peer. */
  awaitPeer(listenFd: number): void {
    this.#entry(Op.pollAdd, listenFd, 0, 0, EPOLLIN, Kind.acceptReady, 0, 0);
  }

  /** Reads 8 bytes of an eventfd once it was signalled. */
  awaitWake(eventfd: number, address: number): void {
    this.#entry(Op.read, eventfd, address, 8, 0, Kind.wake, 0, 0);
  }

  /** The address and size of a send that was entered last, from the note that came with its failure. */
  sentAddressLow(note: number): number {
    return this.#words[(note & (SQ_ENTRIES - 1)) * 16 + 4];
  }

  sentSize(note: number): number {
    return this.#words[(note & (SQ_ENTRIES - 1)) * 16 + 6];
  }

  unmap(): void {
    this.#addresses.unmap();
  }

  /** Writes an entry and returns where it begins. Words that no operation of ours uses stay 0. */
  #entry(
    head: number,
    fd: number,
    address: number,
    length: number,
    flags: number,
    kind: number,
    connection: number,
    note: number,
  ): number {
    assert(this.pending < SQ_ENTRIES, "an entry has room");
    const words = this.#words;
    const at = (this.#tail & (SQ_ENTRIES - 1)) << 4;
    this.#tail = (this.#tail + 1) | 0;
    this.pending++;
    words[at] = head;
    words[at + 1] = fd;
    words[at + 2] = 0;
    words[at + 3] = 0;
    words[at + 4] = low(address);
    words[at + 5] = high(address);
    words[at + 6] = length;
    words[at + 7] = flags;
    words[at + 8] = userData(kind, connection);
    words[at + 9] = note;
    words[at + 10] = 0;
    words[at + 11] = 0;
    return at;
  }

  #addressOfNext(address: Uint8Array): number {
    const at = (this.#tail & (SQ_ENTRIES - 1)) * ADDRESS_BYTES;
    this.#addresses.bytes.set(address, at);
    return this.#addresses.address + at;
  }
}

/** An address as two words. */
export function low(address: number): number {
  return address | 0;
}

export function high(address: number): number {
  return (address / 0x1_0000_0000) | 0;
}
