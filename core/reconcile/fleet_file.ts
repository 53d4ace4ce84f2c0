import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import { AWARDS_HEADER } from "../client/state/award_log.ts";

const CHUNK_BYTES = 1 << 20;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const ZERO = 0x30;
/** The largest user and packet id. A larger number is none of ours, and must not become one by losing its high bits. */
const MOST_ID = 0xffff_ffff;
const KINDS = (["shake", "claim", "open", "stayed"] as const).map((kind) => ({
  kind,
  bytes: new TextEncoder().encode(`${kind},`),
}));

/** One line of a fleet's file; used again for the next. */
export interface Sighting {
  user: number;
  packetId: number;
  /** In fen. */
  amountFen: number;
  /** `shake`, `claim`, `open`: a packet won by shaking is open, or `stayed`: the user was logged in from `seenAtMs` to the fleet's end. */
  kind: "shake" | "claim" | "open" | "stayed";
  /** Wall time of the fleet's host, in ms. */
  seenAtMs: number;
}

/**
 * Reads what a fleet saw, as `redpkt client --awards FILE` writes it, without a string for each line. The last line may
 * be cut off, as a killed fleet leaves it.
 *
 * @throws UserError that names the line which is none
 */
export function readFleetFile(
  path: string,
  take: (sighting: Sighting) => void,
  onStage: OnStage = () => {},
): void {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such file" : String(error);
    throw new UserError(`--fleet ${path}: cannot be read: ${why}`);
  }
  try {
    const reader = new LineReader(path, take);
    const bytes = new Uint8Array(CHUNK_BYTES);
    const { size } = file.statSync();
    let kept = 0;
    for (;;) {
      const got = file.readSync(bytes.subarray(kept));
      if (got === null) return;
      onStage(path, got, size, "bytes");
      const end = kept + got;
      const used = reader.read(bytes, end);
      bytes.copyWithin(0, used, end);
      kept = end - used;
      if (kept === bytes.length) throw reader.fault("is too long");
    }
  } finally {
    file.close();
  }
}

class LineReader {
  readonly #path: string;
  readonly #take: (sighting: Sighting) => void;
  readonly #sighting: Sighting = { user: 0, packetId: 0, amountFen: 0, kind: "shake", seenAtMs: 0 };
  #line = 1;
  #at = 0;

  constructor(path: string, take: (sighting: Sighting) => void) {
    this.#path = path;
    this.#take = take;
  }

  fault(what: string): UserError {
    return new UserError(
      `--fleet ${this.#path}: line ${this.#line} ${what}: give a file of redpkt client --awards`,
    );
  }

  /** Reads the whole lines of `bytes[0, end)`; returns how many bytes they are. */
  read(bytes: Uint8Array, end: number): number {
    let start = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      if (newline < 0 || newline >= end) return start;
      if (this.#line === 1) this.#checkHeader(bytes.subarray(start, newline + 1));
      else this.#readLine(bytes, start, newline);
      this.#line++;
      start = newline + 1;
    }
  }

  #checkHeader(line: Uint8Array): void {
    if (new TextDecoder().decode(line) !== AWARDS_HEADER) throw this.fault("is not the header");
  }

  #readLine(bytes: Uint8Array, start: number, end: number): void {
    this.#at = start;
    const sighting = this.#sighting;
    sighting.user = this.#number(bytes, end, COMMA, MOST_ID);
    sighting.packetId = this.#number(bytes, end, COMMA, MOST_ID);
    sighting.amountFen = this.#number(bytes, end, COMMA, Number.MAX_SAFE_INTEGER);
    sighting.kind = this.#kind(bytes);
    sighting.seenAtMs = this.#number(bytes, end, NEWLINE, Number.MAX_SAFE_INTEGER);
    this.#take(sighting);
  }

  #number(bytes: Uint8Array, end: number, stop: number, most: number): number {
    let value = 0;
    const start = this.#at;
    for (; this.#at < end && bytes[this.#at] !== COMMA; this.#at++) {
      const digit = bytes[this.#at] - ZERO;
      if (digit < 0 || digit > 9) throw this.fault("holds a field that is no number");
      value = value * 10 + digit;
    }
    const isLast = this.#at === end;
    if (this.#at === start || isLast !== (stop === NEWLINE)) {
      throw this.fault("has too few or too many fields");
    }
    if (value > most) throw this.fault("holds a number that is too large");
    this.#at++;
    return value;
  }

  #kind(bytes: Uint8Array): Sighting["kind"] {
    const at = this.#at;
    for (const { kind, bytes: word } of KINDS) {
      let same = 0;
      while (same < word.length && bytes[at + same] === word[same]) same++;
      if (same < word.length) continue;
      this.#at = at + same;
      return kind;
    }
    throw this.fault("has too few fields, or an unknown kind");
  }
}
