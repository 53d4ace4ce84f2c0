import type { Engine } from "../../engine/common/engine.ts";
import { type AddressRange, isInRanges } from "../../os/address_ranges.ts";
import {
  MAX_PROXY_HEADER_BYTES,
  type ProxiedPeer,
  PROXY_BAD,
  PROXY_INCOMPLETE,
  readProxyHeader,
} from "../../wire/proxy_protocol.ts";

/** What {@linkcode ProxyHeaders.take} found: how many bytes of the read are the header's, or one of these. */
export const HEADER_INCOMPLETE = -1;
export const HEADER_BAD = -2;

/**
 * Connections from proxies begin with a header that names the client. Until it has come, none of a connection's bytes
 * are frames; then the connection's address is the client's.
 */
export class ProxyHeaders {
  readonly #engine: Engine;
  readonly #from: readonly AddressRange[];
  /** By connection: 1 while its header is expected. */
  readonly #isExpected: Uint8Array;
  /** What has come of headers that are not whole. */
  readonly #partial = new Map<number, Uint8Array>();
  readonly #peer: ProxiedPeer = { address: 0 };

  /** @param from the proxies */
  constructor(engine: Engine, from: readonly AddressRange[]) {
    this.#engine = engine;
    this.#from = from;
    this.#isExpected = new Uint8Array(engine.capacity);
  }

  /** A connection came. */
  accepted(connection: number): void {
    this.#isExpected[connection] = Number(isInRanges(this.#engine.peerAddress[connection], this.#from));
  }

  isExpected(connection: number): boolean {
    return this.#isExpected[connection] === 1;
  }

  /** It is gone. */
  closed(connection: number): void {
    this.#isExpected[connection] = 0;
    this.#partial.delete(connection);
  }

  /**
   * Reads `input.bytes[start, end)` of a connection whose header is expected.
   *
   * @returns how many of these bytes belong to the header that is whole now, or one of the constants above
   */
  take(connection: number, start: number, end: number): number {
    const kept = this.#partial.get(connection);
    const given = this.#engine.input.bytes.subarray(start, end);
    const bytes = kept === undefined ? given : joined(kept, given);
    const size = readProxyHeader(bytes, 0, bytes.length, this.#peer);
    if (size === PROXY_BAD) return HEADER_BAD;
    if (size === PROXY_INCOMPLETE) {
      if (bytes.length > MAX_PROXY_HEADER_BYTES) return HEADER_BAD;
      this.#partial.set(connection, bytes.slice());
      return HEADER_INCOMPLETE;
    }
    this.#partial.delete(connection);
    this.#isExpected[connection] = 0;
    if (this.#peer.address !== 0) this.#engine.peerAddress[connection] = this.#peer.address;
    return size - (kept?.length ?? 0);
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
