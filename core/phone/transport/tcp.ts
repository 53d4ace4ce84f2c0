/**
 * Frames over TCP, as a server takes them, for programs on Deno and Node. It is an entry of its own, so that a page that
 * is bundled with the library doesn't have it.
 *
 * @module
 */
import { connect } from "node:net";
import type { Transport } from "./transport.ts";

/** An address is `HOST:PORT`. */
export function tcp(): Transport {
  return (address, events) => {
    const colon = address.lastIndexOf(":");
    const socket = connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)) });
    socket.setNoDelay(true);
    socket.on("connect", () => events.opened());
    socket.on("data", (bytes) => events.received(new Uint8Array(bytes)));
    // A `close` always follows.
    socket.on("error", () => {});
    socket.on("close", () => events.closed(0));
    return {
      send: (bytes) => void (socket.writable && socket.write(bytes)),
      close: () => void socket.destroy(),
    };
  };
}
