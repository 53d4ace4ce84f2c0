import type { Socket } from "node:net";
import { MessageReader } from "../door/message_reader.ts";

/** Where a peer stands. */
export const PeerPhase = {
  /** The WebSocket is open, and no login has come. */
  open: 0,
  /** A connection to a server is being made. */
  dialing: 1,
  /** Frames go both ways. */
  relaying: 2,
  /** The last message is sent. */
  closing: 3,
  gone: 4,
} as const;

/** A user's WebSocket, and the connection to a server that belongs to it. */
export class RelayedPeer {
  phase: typeof PeerPhase[keyof typeof PeerPhase] = PeerPhase.open;
  readonly reader = new MessageReader();
  /** The connection to a server, -1 for none. */
  connection = -1;
  /** The server, by its place in the list. */
  host = -1;
  user = 0;
  isLoggedIn = false;
  /** What the user said before the server could be reached. */
  early: Uint8Array[] = [];
  earlyBytes = 0;
  /** A frame of the server that has not all come yet. */
  partial: Uint8Array | undefined;
  /** Why the server ends the connection, if it has said so. */
  serverCode = 0;
  /** Dials that failed since the login. */
  failedDials = 0;
  /** When the present phase began, and since when the peer doesn't read (0: it does), in seconds. */
  sinceS: number;
  unreadSinceS = 0;

  /**
   * @param address the client's, as a number
   * @param port the client's
   */
  constructor(
    readonly socket: Socket,
    readonly address: number,
    readonly port: number,
    nowS: number,
  ) {
    this.sinceS = nowS;
  }
}
