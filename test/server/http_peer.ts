import assert from "node:assert/strict";

/** Somebody who speaks HTTP byte by byte, as no client library would. */
export class HttpPeer implements Disposable {
  readonly #conn: Deno.TcpConn;
  text = "";

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  static async open(port: number, text = ""): Promise<HttpPeer> {
    const peer = new HttpPeer(await Deno.connect({ hostname: "127.0.0.1", port }));
    await peer.send(text);
    return peer;
  }

  /** Sends it all; returns false if the other side closed before. */
  async send(text: string | Uint8Array): Promise<boolean> {
    let bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    try {
      while (bytes.length > 0) bytes = bytes.subarray(await this.#conn.write(bytes));
      return true;
    } catch {
      return false;
    }
  }

  /** Reads until what came so far fits; fails if the connection ends before. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) assert.ok(await this.#read(), `it ended after: ${this.text}`);
    return this.text;
  }

  /** Reads to the end. */
  async ended(): Promise<string> {
    while (await this.#read());
    return this.text;
  }

  async #read(): Promise<boolean> {
    const bytes = new Uint8Array(65_536);
    const count = await this.#conn.read(bytes).catch(() => null);
    this.text += new TextDecoder().decode(bytes.subarray(0, count ?? 0));
    return count !== null;
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // the other side was first
    }
  }
}
