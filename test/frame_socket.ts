import assert from "node:assert/strict";
import { HEADER_BYTES } from "../core/wire/schema.ts";

/** A real socket that speaks in frames, for tests against real servers. */
export class FrameSocket implements Disposable {
  readonly #conn: Deno.TcpConn;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async connect(port: number): Promise<FrameSocket> {
    return new FrameSocket(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends what `write` puts at the beginning of a view; it returns the size. */
  async write(write: (view: DataView) => number): Promise<void> {
    const view = new DataView(new ArrayBuffer(256));
    await this.send(new Uint8Array(view.buffer, 0, write(view)));
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** The next frame, whole. */
  async read(): Promise<DataView> {
    const header = await this.#exactly(HEADER_BYTES);
    const frame = new Uint8Array(new DataView(header.buffer).getUint16(0));
    frame.set(header);
    frame.set(await this.#exactly(frame.length - HEADER_BYTES), HEADER_BYTES);
    return new DataView(frame.buffer);
  }

  /** Whether the server ends the connection without another word. */
  async isClosed(): Promise<boolean> {
    return await this.#conn.read(new Uint8Array(1)) === null;
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }

  async #exactly(size: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) {
      const read = await this.#conn.read(bytes.subarray(at));
      assert.ok(read !== null, "the server goes on");
      at += read;
    }
    return bytes;
  }
}
