import { systemSecret } from "../../base/random.ts";
import { frames } from "../../wire/v1/frames.ts";
import type { Presence } from "../state/presence.ts";
import { Places } from "./places.ts";

/** Of one request up. */
const MOST_UP_BYTES = 8_192;
/** Bytes that may wait for a phone that doesn't read. */
const MOST_UNREAD_BYTES = 64 * 1024;
const READ_BYTES = 4_096;

/** A connection to the server that a phone speaks to by requests. */
interface HttpWire {
  readonly server: Deno.TcpConn;
  readonly giveBack: () => void;
  user: number;
}

/**
 * Frames over plain requests, for phones that refuse WebSockets. A stream of events brings what the server says, its first
 * event names the connection, and requests to that name bring what the phone says.
 */
export class HttpWires {
  readonly #wires = new Map<string, HttpWire>();
  readonly #serverPort: number;
  readonly #places: Places;
  readonly #presence: Presence;

  /** @param most connections at once */
  constructor(serverPort: number, most: number, presence: Presence) {
    this.#serverPort = serverPort;
    this.#places = new Places(most);
    this.#presence = presence;
  }

  get count(): number {
    return this.#wires.size;
  }

  /** Begins a connection; undefined if there are too many, or the server isn't there. */
  async open(address: string): Promise<Response | undefined> {
    const giveBack = this.#places.take(address);
    if (giveBack === undefined) return undefined;
    let server: Deno.TcpConn;
    try {
      server = await Deno.connect({ hostname: "127.0.0.1", port: this.#serverPort });
    } catch {
      giveBack();
      return undefined;
    }
    const id = systemSecret();
    const wire: HttpWire = { server, giveBack, user: 0 };
    this.#wires.set(id, wire);
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(encoder.encode(`event: open-wire\ndata: ${id}\n\n`));
        void this.#down(id, wire, controller, encoder);
      },
      cancel: () => this.#end(id),
    }, { highWaterMark: MOST_UNREAD_BYTES, size: (bytes) => bytes!.length });
    return new Response(body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-accel-buffering": "no",
      },
    });
  }

  /** Takes what a phone says. Returns the status to answer with. */
  async up(id: string, request: Request): Promise<number> {
    const wire = this.#wires.get(id);
    if (wire === undefined) return 404;
    const parts: Uint8Array[] = [];
    let size = 0;
    for await (const part of request.body ?? []) {
      size += part.length;
      if (size > MOST_UP_BYTES) return 413;
      parts.push(part);
    }
    const bytes = new Uint8Array(size);
    parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
    this.#watch(wire, bytes);
    try {
      for (let at = 0; at < size;) at += await wire.server.write(bytes.subarray(at));
      return 204;
    } catch {
      this.#end(id);
      return 404;
    }
  }

  close(): void {
    for (const id of [...this.#wires.keys()]) this.#end(id);
  }

  async #down(
    id: string,
    { server }: HttpWire,
    controller: ReadableStreamDefaultController<Uint8Array>,
    encoder: TextEncoder,
  ): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const count = await server.read(buffer);
        // Whoever doesn't read holds up nobody but themselves.
        if (count === null || (controller.desiredSize ?? 0) <= 0) break;
        controller.enqueue(encoder.encode(`event: bytes\ndata: ${buffer.subarray(0, count).toBase64()}\n\n`));
      }
    } catch {
      // The server is gone, or the phone.
    }
    this.#end(id);
    try {
      controller.close();
    } catch {
      // The phone has left by itself.
    }
  }

  #watch(wire: HttpWire, bytes: Uint8Array): void {
    if (bytes.length < frames.shake.bytes[0]) return;
    const view = new DataView(bytes.buffer);
    const opcode = view.getUint16(2);
    if (opcode === frames.login.opcode && wire.user === 0 && bytes.length >= frames.login.bytes[0]) {
      wire.user = view.getUint32(frames.login.at.user);
      this.#presence.came(wire.user);
    } else if (opcode === frames.shake.opcode && wire.user !== 0) this.#presence.shook(wire.user);
  }

  #end(id: string): void {
    const wire = this.#wires.get(id);
    if (wire === undefined) return;
    this.#wires.delete(id);
    wire.giveBack();
    if (wire.user !== 0) this.#presence.went(wire.user);
    try {
      wire.server.close();
    } catch {
      // It has ended by itself.
    }
  }
}
