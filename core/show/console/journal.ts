import { createHash, type KeyObject } from "node:crypto";
import { z } from "zod";
import { UserError } from "../../base/user_error.ts";
import { canonicalJson } from "../../ledger/record/order_text.ts";
import { isSignedFor, type SigningKey } from "../../seed/file/keys.ts";

/** What signatures of the journal's lines are for. */
const JOURNAL_PURPOSE = "redpkt show journal 1";

const entrySchema = z.strictObject({
  /** 1, 2, 3, ... */
  line: z.int().min(1),
  at: z.string(),
  who: z.string(),
  /** What was done, in words. */
  action: z.string(),
  /** Which document came of it, and its hash; null: none did. */
  version: z.string().nullable(),
  hash: z.string().nullable(),
  /** What became of it. */
  result: z.string(),
  /** SHA-256 of the line before, as it stands in the file; empty for the first. */
  before: z.string(),
  key: z.string(),
});
const lineSchema = z.strictObject({ ...entrySchema.shape, signature: z.string() });

export type JournalLine = z.infer<typeof lineSchema>;
/** What is to be noted. */
export type JournalEntry = Pick<JournalLine, "at" | "who" | "action" | "version" | "hash" | "result">;

/**
 * Who did what, and when: a file of lines of JSON. Each has the hash of the one before it and is signed by who wrote it, so
 * that no line can be changed, left out or put in by who doesn't have their keys.
 */
export class Journal {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Bytes of the file: it only ever grows. */
  get size(): number {
    try {
      return Deno.statSync(this.path).size;
    } catch {
      return 0;
    }
  }

  /** Adds a line; durable when it returns. */
  add(entry: JournalEntry, key: SigningKey): void {
    const texts = this.#texts();
    const last = texts.at(-1);
    const unsigned = {
      line: texts.length + 1,
      ...entry,
      before: last === undefined ? "" : hashOf(last),
      key: key.id,
    };
    const signature = key.signFor(JOURNAL_PURPOSE, bytesOf(unsigned)).toBase64();
    using file = Deno.openSync(this.path, { append: true, create: true });
    const bytes = new TextEncoder().encode(`${JSON.stringify({ ...unsigned, signature })}\n`);
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
    file.syncSync();
  }

  /**
   * Every line, oldest first, with what is wrong with the file.
   *
   * @param trusted public keys by id
   */
  read(
    trusted: ReadonlyMap<string, KeyObject>,
  ): { readonly lines: JournalLine[]; readonly problems: string[] } {
    const lines: JournalLine[] = [];
    const problems: string[] = [];
    let before = "";
    this.#texts().forEach((text, i) => {
      const place = `${this.path}:${i + 1}`;
      const line = parsed(text);
      if (line === undefined) {
        problems.push(`${place}: is no line of a journal`);
      } else {
        const { signature, ...unsigned } = line;
        const key = trusted.get(line.key);
        if (line.line !== i + 1) problems.push(`${place}: says that it is line ${line.line}`);
        if (line.before !== before) problems.push(`${place}: doesn't follow the line before it`);
        if (key === undefined) problems.push(`${place}: signed by ${line.key}, which is not trusted`);
        else if (!isSignedFor(key, JOURNAL_PURPOSE, bytesOf(unsigned), Uint8Array.fromBase64(signature))) {
          problems.push(`${place}: is not signed by ${line.key}, as it says`);
        }
        lines.push(line);
      }
      before = hashOf(text);
    });
    return { lines, problems };
  }

  #texts(): string[] {
    try {
      return Deno.readTextFileSync(this.path).split("\n").filter((text) => text !== "");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw new UserError(`${this.path}: cannot be read: ${(error as Error).message}`);
    }
  }
}

function parsed(text: string): JournalLine | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function bytesOf(unsigned: Omit<JournalLine, "signature">): Uint8Array {
  return new TextEncoder().encode(canonicalJson(unsigned));
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
