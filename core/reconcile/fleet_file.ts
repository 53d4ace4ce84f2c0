import { crc32 } from "node:zlib";
import type { OnStage } from "../cli/progress.ts";
import { UserError } from "../base/user_error.ts";
import { AWARDS_HEADER } from "../client/state/awards_format.ts";
import { userIndexOf, type UserSlice } from "../base/segment.ts";

const CHUNK_BYTES = 1 << 20;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const ZERO = 0x30;
const MOST_ID = 0xffff_ffff;

const KINDS = ["shake", "claim", "open", "stayed", "users", "end"] as const;
const KIND_BYTES = KINDS.map((kind) => new TextEncoder().encode(kind));

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

/** What a fleet's file says of itself. */
export interface FleetFile {
  readonly path: string;
  /** Whose awards are in it. */
  readonly users: UserSlice;
  /** Wall time of its beginning and end, in ms; of a file that was cut the end is that of its last line. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** Its last line is missing: nobody knows what else was in it. */
  readonly isCut: boolean;
  /** In how far it isn't as it was written, by its last line; undefined if it is. */
  readonly fault: string | undefined;
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
): FleetFile {
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
      if (got === null) return reader.finish(kept);
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
  #users: UserSlice | undefined;
  #startedMs = 0;
  #endedMs = 0;
  #hasEnded = false;
  /** What was read between the first and the last line. */
  #rows = 0;
  #sumFen = 0;
  #crc = 0;
  #fault: string | undefined;

  constructor(path: string, take: (sighting: Sighting) => void) {
    this.#path = path;
    this.#take = take;
  }

  fault(what: string): UserError {
    return new UserError(
      `--fleet ${this.#path}: line ${this.#line} ${what}: give a file as redpkt client --awards has written it`,
    );
  }

  /** @param left bytes that are no whole line */
  finish(left: number): FleetFile {
    if (this.#users === undefined) throw this.fault("is missing or cut, so nobody knows whose file this is");
    if (this.#hasEnded && left > 0) throw this.fault("comes after the last one");
    return {
      path: this.#path,
      users: this.#users,
      startedMs: this.#startedMs,
      endedMs: this.#endedMs,
      isCut: !this.#hasEnded,
      fault: this.#fault,
    };
  }

  /** Reads the whole lines of `bytes[0, end)`; returns how many bytes they are. */
  read(bytes: Uint8Array, end: number): number {
    let start = 0;
    let rowsAt = 0;
    for (;;) {
      const newline = bytes.indexOf(NEWLINE, start);
      const isOver = newline < 0 || newline >= end;
      const wasRow = this.#users !== undefined && !this.#hasEnded;
      if (isOver) {
        if (wasRow) this.#crc = crc32(bytes.subarray(rowsAt, start), this.#crc);
        return start;
      }
      if (this.#line === 1) this.#checkHeader(bytes.subarray(start, newline + 1));
      else if (this.#hasEnded) throw this.fault("comes after the last one");
      else this.#readLine(bytes, start, newline, rowsAt);
      this.#line++;
      start = newline + 1;
      if (!wasRow) rowsAt = start;
    }
  }

  #checkHeader(line: Uint8Array): void {
    if (new TextDecoder("utf-8", { ignoreBOM: true }).decode(line) !== AWARDS_HEADER) {
      throw this.fault("is not the header");
    }
  }

  #readLine(bytes: Uint8Array, start: number, end: number, rowsAt: number): void {
    this.#at = start;
    const [user, packetId, amountFen] = [0, 0, 0].map(() => this.#number(bytes, end, COMMA));
    const kind = this.#kind(bytes, end);
    const seenAtMs = this.#number(bytes, end, NEWLINE);
    if (this.#users === undefined) {
      if (kind !== "users") throw this.fault("doesn't say which users the file is about");
      if (packetId < 1 || user + packetId * Math.max(0, amountFen - 1) > MOST_ID) {
        throw this.fault("names no users");
      }
      this.#users = { first: user, stride: packetId, count: amountFen };
      this.#startedMs = this.#endedMs = seenAtMs;
    } else if (kind === "users") throw this.fault("begins another file");
    else if (kind === "end") {
      this.#crc = crc32(bytes.subarray(rowsAt, start), this.#crc);
      this.#end(user, packetId, amountFen, seenAtMs);
    } else this.#row(user, packetId, amountFen, kind, seenAtMs);
  }

  #row(user: number, packetId: number, amountFen: number, kind: Sighting["kind"], seenAtMs: number): void {
    if (user > MOST_ID || packetId > MOST_ID) throw this.fault("holds an id of more than 32 bits");
    if (userIndexOf(this.#users!, user) < 0) {
      throw this.fault(`tells of user ${user}, who is none of this file's`);
    }
    this.#rows++;
    this.#sumFen += amountFen;
    this.#endedMs = Math.max(this.#endedMs, seenAtMs);
    const sighting = this.#sighting;
    sighting.user = user;
    sighting.packetId = packetId;
    sighting.amountFen = amountFen;
    sighting.kind = kind;
    sighting.seenAtMs = seenAtMs;
    this.#take(sighting);
  }

  #end(rows: number, crc: number, sumFen: number, endedMs: number): void {
    this.#hasEnded = true;
    this.#endedMs = Math.max(this.#endedMs, endedMs);
    if (rows === this.#rows && sumFen === this.#sumFen && crc === this.#crc) return;
    this.#fault =
      `has ${this.#rows} rows of ${this.#sumFen} fen in all, and was written with ${rows} rows of ` +
      `${sumFen} fen${rows === this.#rows && sumFen === this.#sumFen ? " that said something else" : ""}`;
  }

  #number(bytes: Uint8Array, end: number, stop: number): number {
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
    if (value > Number.MAX_SAFE_INTEGER) throw this.fault("holds a number that is too large");
    this.#at++;
    return value;
  }

  #kind(bytes: Uint8Array, end: number): typeof KINDS[number] {
    const comma = bytes.indexOf(COMMA, this.#at);
    if (comma < 0 || comma > end) throw this.fault("has too few fields");
    const at = this.#at;
    this.#at = comma + 1;
    for (let i = 0; i < KINDS.length; i++) {
      const name = KIND_BYTES[i];
      if (name.length !== comma - at) continue;
      let same = 0;
      while (same < name.length && bytes[at + same] === name[same]) same++;
      if (same === name.length) return KINDS[i];
    }
    throw this.fault("has an unknown kind");
  }
}
