/** Opcodes of RFC 6455. */
export const MessageKind = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Close codes of RFC 6455. */
export const SocketCode = {
  normal: 1_000,
  protocolError: 1_002,
  unsupportedData: 1_003,
  tooBig: 1_009,
} as const;

/** Who is told of what a peer's messages say. */
export interface MessageTaker<Peer> {
  /** A whole binary message; the bytes are valid until this returns. */
  message(peer: Peer, bytes: Uint8Array): void;
  /** The peer asks whether this side is there. */
  pinged(peer: Peer, bytes: Uint8Array): void;
  /** The peer ends the connection in good order. */
  ended(peer: Peer): void;
  /** The peer broke the rules, for a code of {@linkcode SocketCode}: nothing more is read. */
  broken(peer: Peer, code: number): void;
}

const FINAL = 0x80;
const RESERVED = 0x70;
const KIND = 0x0f;
const CONTROL = 0x08;
const MASKED = 0x80;
const SIZE = 0x7f;
const LONGEST_CONTROL = 125;
const SIZE_16 = 126;
const SIZE_64 = 127;
const MASK_BYTES = 4;

/**
 * Cuts what one peer sends into WebSocket messages. A message that is larger than it may be is refused by its header,
 * before any of it is kept; so a peer costs no more memory than one message.
 */
export class MessageReader {
  /** Bytes of a piece that has not all come yet. */
  #rest: Uint8Array | undefined;
  /** Earlier pieces of a message that comes in several. */
  #pieces: Uint8Array | undefined;
  #isOver = false;

  /** Takes what came; the bytes are this side's own from now on. */
  take<Peer>(chunk: Uint8Array, mostBytes: number, peer: Peer, taker: MessageTaker<Peer>): void {
    const bytes = this.#rest === undefined ? chunk : joined(this.#rest, chunk);
    this.#rest = undefined;
    let at = 0;
    while (!this.#isOver) {
      const headerBytes = headerBytesAt(bytes, at);
      if (headerBytes < 0) return this.#keep(bytes, at);
      const problem = this.#problem(bytes, at, mostBytes);
      if (problem !== 0) {
        this.#isOver = true;
        return taker.broken(peer, problem);
      }
      const from = at + headerBytes;
      const end = from + sizeAt(bytes, at);
      if (end > bytes.length) return this.#keep(bytes, at);
      unmask(bytes, from - MASK_BYTES, from, end);
      this.#hand(bytes[at], bytes.subarray(from, end), peer, taker);
      at = end;
    }
  }

  #keep(bytes: Uint8Array, at: number): void {
    if (at < bytes.length) this.#rest = bytes.slice(at);
  }

  /** Returns 0 or the code to close with. */
  #problem(bytes: Uint8Array, at: number, mostBytes: number): number {
    const [first, second] = [bytes[at], bytes[at + 1]];
    const kind = first & KIND;
    if ((first & RESERVED) !== 0 || (second & MASKED) === 0) return SocketCode.protocolError;
    if ((kind & CONTROL) !== 0) {
      const isGood = (first & FINAL) !== 0 && (second & SIZE) <= LONGEST_CONTROL && kind <= MessageKind.pong;
      return isGood ? 0 : SocketCode.protocolError;
    }
    if (kind === MessageKind.text) return SocketCode.unsupportedData;
    if (kind > MessageKind.binary || (kind === MessageKind.binary) === (this.#pieces !== undefined)) {
      return SocketCode.protocolError;
    }
    return sizeAt(bytes, at) + (this.#pieces?.length ?? 0) > mostBytes ? SocketCode.tooBig : 0;
  }

  #hand<Peer>(first: number, payload: Uint8Array, peer: Peer, taker: MessageTaker<Peer>): void {
    switch (first & KIND) {
      case MessageKind.close:
        this.#isOver = true;
        return taker.ended(peer);
      case MessageKind.ping:
        return taker.pinged(peer, payload);
      case MessageKind.pong:
        return;
    }
    const pieces = this.#pieces;
    if ((first & FINAL) === 0) {
      this.#pieces = pieces === undefined ? payload.slice() : joined(pieces, payload);
      return;
    }
    this.#pieces = undefined;
    taker.message(peer, pieces === undefined ? payload : joined(pieces, payload));
  }
}

/** Bytes in front of the payload, -1 if they have not all come yet. */
function headerBytesAt(bytes: Uint8Array, at: number): number {
  if (at + 2 > bytes.length) return -1;
  const size = bytes[at + 1] & SIZE;
  const headerBytes = 2 + (size === SIZE_16 ? 2 : size === SIZE_64 ? 8 : 0) + MASK_BYTES;
  return at + headerBytes > bytes.length ? -1 : headerBytes;
}

function sizeAt(bytes: Uint8Array, at: number): number {
  const size = bytes[at + 1] & SIZE;
  if (size < SIZE_16) return size;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at + 2);
  return size === SIZE_16 ? view.getUint16(0) : view.getUint32(0) * 0x1_0000_0000 + view.getUint32(4);
}

function unmask(bytes: Uint8Array, maskAt: number, from: number, end: number): void {
  for (let i = from; i < end; i++) bytes[i] ^= bytes[maskAt + ((i - from) & 3)];
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
