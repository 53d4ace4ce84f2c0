/**
 * How a phone's bytes travel. The library knows no socket: it is given a {@linkcode Transport}, so the same code runs in
 * a browser, under Deno, under Node and in a simulation.
 */

/** One connection that carries bytes both ways. */
export interface Wire {
  /** Sends bytes, in order. Does nothing once the connection has ended. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** Ends the connection. {@linkcode WireEvents.closed} follows. */
  close(): void;
}

/** What a connection tells its owner. Nothing is told before {@linkcode Transport} has returned. */
export interface WireEvents {
  /** It is up: bytes can be sent. */
  opened(): void;
  /** Bytes came. The wire may join and split frames anywhere. */
  received(bytes: Uint8Array<ArrayBuffer>): void;
  /**
   * It has ended, or never came up. Told once, last.
   *
   * @param code the protocol's close code, if the other side gave one by the transport's own means; else 0
   */
  closed(code: number): void;
}

/** Starts to connect to an address. What an address looks like is the transport's own. */
export type Transport = (address: string, events: WireEvents) => Wire;
