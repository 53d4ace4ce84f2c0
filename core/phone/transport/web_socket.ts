import { WEB_SOCKET_CODES } from "../../wire/codes.ts";
import type { Transport, Wire, WireEvents } from "./transport.ts";

/** The protocol's close codes, and a plugin's. */
const CODES = { from: 100, to: 400 };

/** What this library needs of a WebSocket: those of browsers, Deno, Node 22 and the package `ws` have it. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  readonly readyState: number;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

const OPEN = 1;
const NORMAL_CLOSURE = 1_000;

/**
 * Frames over a WebSocket, as a gateway takes them. An address is `wss://HOST/` or `ws://HOST/`.
 *
 * @param Implementation a WebSocket for a runtime that has none of its own, such as that of the package `ws`
 */
export function webSocket(
  Implementation?: new (address: string) => WebSocketLike,
): Transport {
  return (address, events) => {
    const Socket = Implementation ??
      globalThis.WebSocket as unknown as new (address: string) => WebSocketLike;
    const socket = new Socket(address);
    socket.binaryType = "arraybuffer";
    return listen(socket, events);
  };
}

function listen(socket: WebSocketLike, events: WireEvents): Wire {
  let hasEnded = false;
  function ended(code: number): void {
    if (hasEnded) return;
    hasEnded = true;
    events.closed(code);
  }
  socket.onopen = () => events.opened();
  socket.onmessage = ({ data }: { data: unknown }) => {
    if (!hasEnded && data instanceof ArrayBuffer) events.received(new Uint8Array(data));
  };
  socket.onclose = ({ code }: { code: number }) => ended(closeCodeOf(code));
  // What went wrong isn't told to pages; a close always follows.
  socket.onerror = () => {};
  return {
    send: (bytes) => void (socket.readyState === OPEN && socket.send(bytes)),
    close() {
      socket.close(NORMAL_CLOSURE);
      // A close is a conversation of its own. Whoever ends a connection that has died doesn't wait for it.
      queueMicrotask(() => ended(0));
    },
  };
}

function closeCodeOf(webSocketCode: number): number {
  const code = webSocketCode - WEB_SOCKET_CODES;
  return code >= CODES.from && code < CODES.to ? code : 0;
}
