import { Buffer } from "node:buffer";
import { HTTPParser } from "http-parser-js";

/** What one answer may bring with its head, in bytes. */
const MAX_HEAD_BYTES = 16_384;
/** Bytes that are read at once: an answer has a few hundred. */
const READ_BYTES = 4_096;
/** States of the parser between two answers. */
const BETWEEN_ANSWERS = "RESPONSE_LINE";

/** A whole answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** A header's value; undefined if it isn't there. */
  header(name: string): string | undefined;
}

/**
 * A connection that is kept for one request after the other: never two at once. It is read all the time, so that a
 * server that closes it, or speaks unasked, is noticed before the next request. Whatever isn't as it must be closes it:
 * no answer can be taken for that of a later request.
 */
export class HttpConnection {
  readonly #connection: Deno.Conn;
  readonly #maxBodyBytes: number;
  readonly #parser: InstanceType<typeof HTTPParser> = new HTTPParser();
  #waiting: PromiseWithResolvers<HttpAnswer> | undefined;
  #isOpen = true;
  #status = 0;
  #headers: readonly string[] = [];
  #isKept = false;
  #isWhole = false;
  #bytes = 0;
  #bodyBytes = 0;
  #body: Uint8Array[] = [];

  constructor(connection: Deno.Conn, maxBodyBytes: number) {
    this.#connection = connection;
    this.#maxBodyBytes = maxBodyBytes;
    const parser = this.#parser;
    parser.initialize(HTTPParser.RESPONSE);
    parser[HTTPParser.kOnHeadersComplete] = (head: Head) => this.#onHead(head);
    parser[HTTPParser.kOnBody] = (chunk: Uint8Array, at: number, length: number) =>
      this.#onBody(chunk.subarray(at, at + length));
    parser[HTTPParser.kOnMessageComplete] = () => {
      this.#isWhole = this.#status >= 200; // a 100 or 103 is none yet
    };
    void this.#read();
  }

  /** It can take another request. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Sends a request and waits for its answer. Only one at a time.
   *
   * @throws whatever went wrong; the connection is closed then, and the request may have been heard
   */
  async ask(request: Uint8Array): Promise<HttpAnswer> {
    const waiting = this.#waiting = Promise.withResolvers<HttpAnswer>();
    waiting.promise.catch(() => {}); // it may break while it is being written
    try {
      for (let at = 0; at < request.length;) {
        at += await this.#connection.write(request.subarray(at));
      }
    } catch (error) {
      this.close(messageOf(error));
    }
    return await waiting.promise;
  }

  /** @param why for whoever waits for an answer */
  close(why = "the connection was closed"): void {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#connection.close();
    }
    this.#waiting?.reject(new Error(why));
    this.#waiting = undefined;
  }

  async #read(): Promise<void> {
    const buffer = Buffer.alloc(READ_BYTES);
    try {
      for (;;) {
        const got = await this.#connection.read(buffer);
        if (got === null) return this.#onEnd();
        if (this.#waiting === undefined) return this.close(); // nobody has asked
        this.#bytes += got;
        if (this.#bytes > MAX_HEAD_BYTES + this.#maxBodyBytes) throw new Error(TOO_LONG);
        const result = this.#parser.execute(buffer, 0, got);
        if (typeof result !== "number") throw result;
        if (this.#isWhole) this.#answer();
        if (!this.#isOpen) return;
      }
    } catch (error) {
      this.close(messageOf(error));
    }
  }

  /** An answer without a length ends here; any other is cut off. */
  #onEnd(): void {
    const isCut = this.#parser.finish() instanceof Error;
    if (this.#waiting !== undefined && this.#isWhole && !isCut) this.#answer();
    this.close("the gateway has closed the connection without an answer");
  }

  #onHead({ statusCode, headers, shouldKeepAlive, versionMajor }: Head): void {
    if (this.#isWhole) throw new Error("the gateway answers twice");
    if (versionMajor !== 1 || statusCode === 101) throw new Error("the gateway answers by another protocol");
    const lengths = valuesOf(headers, "content-length");
    const length = Number(lengths[0] ?? 0);
    const codings = valuesOf(headers, "transfer-encoding");
    const isRight = lengths.length <= 1 && lengths.every((text) => /^\d{1,15}$/.test(text)) &&
      codings.length <= 1 && codings.every((coding) => coding.toLowerCase() === "chunked") &&
      lengths.length + codings.length <= 1;
    if (!isRight) throw new Error("the gateway's answer has no clear length");
    if (length > this.#maxBodyBytes) throw new Error(TOO_LONG);
    this.#status = statusCode;
    this.#headers = headers;
    this.#isKept = shouldKeepAlive;
  }

  #onBody(piece: Uint8Array): void {
    this.#bodyBytes += piece.length;
    if (this.#bodyBytes > this.#maxBodyBytes) throw new Error(TOO_LONG);
    // A copy: the buffer is read into again before a longer answer is whole.
    this.#body.push(new Uint8Array(piece));
  }

  #answer(): void {
    const { state, line } = this.#parser as unknown as { state: string; line: string };
    const isClean = state === BETWEEN_ANSWERS && line === "";
    const headers = this.#headers;
    const text = new TextDecoder().decode(
      this.#body.length === 1 ? this.#body[0] : Buffer.concat(this.#body),
    );
    const answer = { status: this.#status, text, header: (name: string) => valuesOf(headers, name)[0] };
    const waiting = this.#waiting!;
    this.#waiting = undefined;
    this.#bytes = this.#bodyBytes = this.#status = 0;
    this.#body = [];
    this.#isWhole = false;
    if (!isClean || !this.#isKept) this.close();
    waiting.resolve(answer);
  }
}

const TOO_LONG = "the gateway's answer is too long";

/** What the parser tells of an answer's head: names and values of headers in turn. */
interface Head {
  readonly versionMajor: number;
  readonly statusCode: number;
  readonly headers: readonly string[];
  readonly shouldKeepAlive: boolean;
}

function valuesOf(headers: readonly string[], name: string): string[] {
  return headers.filter((_, i) => i % 2 === 1 && headers[i - 1].toLowerCase() === name);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
