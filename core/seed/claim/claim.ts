import { crc32 } from "node:zlib";
import { z } from "zod";
import type { LedgerIdentity } from "../../ledger/store/ledger_identity.ts";
import { type SeedFile, SeedRefused } from "../file/seed_file.ts";

/** Bytes of a mark: its rows in 16 digits, a checksum in 8 hexadecimal ones. */
const MARK_BYTES = "rows 0000000000000000 00000000\n".length;
const MARK = /^rows (\d{16}) ([0-9a-f]{8})\n$/;

const headSchema = z.strictObject({ ledger: z.string(), hash: z.string(), claimedAt: z.string() });

/**
 * Who uses a seed file: one ledger, for ever. The claim lies beside the file and names the ledger, as the ledger names
 * the file; so neither the same file under another ledger nor a ledger from a copy can give a ticket away again.
 *
 * It also holds how many rows the ledger had not long ago: a copy that was made since the claim has fewer.
 */
export class Claim {
  readonly #file: Deno.FsFile;
  readonly #marksAt: number;
  #marks = 0;
  #rows: number;

  private constructor(file: Deno.FsFile, marksAt: number, rows: number) {
    this.#file = file;
    this.#marksAt = marksAt;
    this.#rows = rows;
  }

  /** The claim of a seed file. */
  static pathOf(seedPath: string): string {
    return `${seedPath}.claim`;
  }

  /**
   * Claims a seed file for a ledger, or finds that it has been; before the first award.
   *
   * @throws SeedRefused if it isn't this ledger's, or the ledger isn't what it was, or there is no place for a claim
   */
  static take(seed: SeedFile, ledger: LedgerIdentity, wallMs: number): Claim {
    const path = Claim.pathOf(seed.path);
    const isKnown = ledger.hasSeed(seed.hash);
    const refuse = (why: string) => new SeedRefused(seed.path, "consumed", why);
    let found = openClaim(path, refuse);
    if (found === undefined) {
      if (!isKnown) checkIds(seed, ledger, refuse);
      // The ledger first: if we die in between, it may go on, and nobody else has begun.
      ledger.noteSeed(seed.hash, seed.path, wallMs);
      writeClaim(
        path,
        { ledger: ledger.id, hash: seed.hash, claimedAt: new Date(wallMs).toISOString() },
        refuse,
      );
      found = openClaim(path, refuse)!;
      return new Claim(found.file, found.marksAt, found.rows);
    }
    const { file, head, marksAt, rows } = found;
    const why = head.hash !== seed.hash
      ? `${path} is the claim of another file (hash ${head.hash})`
      : head.ledger !== ledger.id
      ? `is consumed: ledger ${head.ledger} has used it since ${head.claimedAt}, and ${ledger.directory} is ` +
        `ledger ${ledger.id}`
      : !isKnown
      ? `${ledger.directory} was restored from a copy that is older than its claim of ${head.claimedAt}`
      : ledger.rows < rows
      ? `${ledger.directory} was restored from a copy: it has ${ledger.rows} rows, and had ${rows}`
      : undefined;
    if (why === undefined) return new Claim(file, marksAt, rows);
    file.close();
    throw refuse(why);
  }

  /** Notes that the ledger has so many durable rows; cheap, for every second or so. */
  noteRows(rows: number): void {
    if (rows <= this.#rows) return;
    this.#rows = rows;
    // In turn: whatever becomes of one mark, the other stands.
    this.#file.seekSync(this.#marksAt + this.#marks++ % 2 * MARK_BYTES, Deno.SeekMode.Start);
    this.#file.writeSync(markOf(rows));
  }

  close(): void {
    this.#file.close();
  }
}

interface OpenClaim {
  readonly file: Deno.FsFile;
  readonly head: z.output<typeof headSchema>;
  readonly marksAt: number;
  readonly rows: number;
}

type Refuse = (why: string) => SeedRefused;

/** A ledger that has made packets of its own may have given these ids away. */
function checkIds(seed: SeedFile, ledger: LedgerIdentity, refuse: Refuse): void {
  const last = ledger.lastPacketId();
  const first = seed.description.groups[0]?.[2] ?? Infinity;
  if (last < first) return;
  throw refuse(
    `its tickets begin at id ${first}, and ${ledger.directory} has packets up to ${last}. ` +
      "Name a new ledger, or make the tickets with a higher firstId",
  );
}

function openClaim(path: string, refuse: Refuse): OpenClaim | undefined {
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw refuse(`its claim ${path} cannot be written: ${reason(error)}`);
  }
  try {
    const text = new TextDecoder().decode(readAll(file));
    const marksAt = text.indexOf("\n") + 1;
    const head = headSchema.parse(JSON.parse(text.slice(0, marksAt)));
    const marks = [0, 1].map((i) => text.slice(marksAt + i * MARK_BYTES, marksAt + (i + 1) * MARK_BYTES));
    return { file, head, marksAt, rows: Math.max(...marks.map(rowsOf)) };
  } catch (error) {
    file.close();
    throw refuse(`its claim ${path} is damaged: ${reason(error)}`);
  }
}

/** Makes the claim whole and durable, and fails if there is one. */
function writeClaim(path: string, head: z.input<typeof headSchema>, refuse: Refuse): void {
  const whole = `${path}.${head.ledger}`;
  try {
    const file = Deno.openSync(whole, { write: true, create: true, truncate: true });
    file.writeSync(new TextEncoder().encode(`${JSON.stringify(head)}\n`));
    file.writeSync(markOf(0));
    file.writeSync(markOf(0));
    file.syncSync();
    file.close();
    // A link under a name that is taken fails: that makes it exclusive, on any server of the place.
    Deno.linkSync(whole, path);
    Deno.removeSync(whole);
    syncFolderOf(path);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      throw refuse(`is being claimed by another server right now`);
    }
    throw refuse(`its claim ${path} cannot be written: ${reason(error)}. Put it where this server may write`);
  }
}

function syncFolderOf(path: string): void {
  const folder = Deno.openSync(path.includes("/") ? path.replace(/\/[^/]*$/, "/") : ".");
  try {
    folder.syncSync();
  } finally {
    folder.close();
  }
}

function markOf(rows: number): Uint8Array {
  const digits = String(rows).padStart(16, "0");
  return new TextEncoder().encode(`rows ${digits} ${crc32(digits).toString(16).padStart(8, "0")}\n`);
}

/** 0 for a mark that was only half written. */
function rowsOf(mark: string): number {
  const [, digits, crc] = MARK.exec(mark) ?? [];
  return digits !== undefined && crc32(digits) === parseInt(crc, 16) ? Number(digits) : 0;
}

function readAll(file: Deno.FsFile): Uint8Array {
  const bytes = new Uint8Array(file.statSync().size);
  for (let at = 0; at < bytes.length;) {
    const got = file.readSync(bytes.subarray(at));
    if (got === null) break;
    at += got;
  }
  return bytes;
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "no permission";
  return error instanceof Error ? error.message.split("\n")[0] : String(error);
}
