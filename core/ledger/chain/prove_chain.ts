import type { DatabaseSync } from "node:sqlite";
import { isSameHead, type Link, LinkHasher } from "./chain.ts";
import { numbersOf } from "../kinds/entry_kinds.ts";
import { type EndedPacket, EntryRows, ROW_FIELDS } from "../record/entry_rows.ts";
import { addRows, allNumbers, returningArrays, wordsOf } from "../disk/sqlite_rows.ts";
import { FIRST_SENT_ID } from "../../base/id_space.ts";

/** Rows that are proven at once unless somebody says otherwise: a few ms of work. */
const ROWS_AT_ONCE = 2_500;
const NO_MARKS = new Uint32Array();

/** A commit whose link isn't what its content makes of the link before. */
export class ChainBroken extends Error {
  override name = "ChainBroken";
}

/**
 * Computes every link after one anew, and hands over the rows as it goes, in whole commits. What it hands over is proven.
 * Works on any number of rows, in the memory of a block.
 *
 * @param from the link before the first one; of `genesis` for a whole ledger
 * @param onBroken told of each commit that doesn't follow; if it returns, the link that is stored is believed
 * @param rowsAtOnce a block ends with the first commit that brings it to so many
 * @throws ChainBroken with the first of them, unless `onBroken` is given
 */
export function* eachProven(
  db: DatabaseSync,
  from: Link,
  onBroken: (broken: ChainBroken) => void = (broken) => {
    throw broken;
  },
  rowsAtOnce = ROWS_AT_ONCE,
): Generator<EntryRows, Link> {
  const selectLinks = db.prepare(
    "select seq, mark, head from link where (seq, mark) > (?, ?) and seq <= ? order by seq, mark",
  );
  const selectNext = db.prepare("select seq from link where seq >= ? order by seq limit 1");
  const selectLast = db.prepare("select max(seq) as seq from link");
  const reader = new CommitReader(db);
  let link = from;
  for (;;) {
    const { seq: last } = selectLast.get()! as { seq: number | null };
    const until = (selectNext.get(link.seq + rowsAtOnce)?.seq ?? last ?? 0) as number;
    const links = selectLinks.all(link.seq, link.mark, until) as unknown as Link[];
    if (links.length === 0) break;
    const { seq, mark } = links[links.length - 1];
    const block = reader.read(link, { seq, mark });
    for (const next of links) {
      const broken = prove(block, reader.hasher, link, next);
      if (broken !== undefined) onBroken(broken);
      link = next;
    }
    if (block.rows.count > 0) yield block.rows;
  }
  const beyond = db.prepare("select max(seq) as seq from entry").get()!.seq as number | null ?? 0;
  if (beyond > link.seq) onBroken(new ChainBroken(`rows ${link.seq + 1} to ${beyond} belong to no commit`));
  const marks = db.prepare("select max(mark) as mark from delivered").get()!.mark as number | null ?? 0;
  if (marks > link.mark) onBroken(new ChainBroken(`mark ${marks} belongs to no commit`));
  return link;
}

/** All that lies between two links. */
interface Block {
  readonly rows: EntryRows;
  readonly firstSeq: number;
  readonly ended: readonly (readonly [packetId: number, ended: EndedPacket])[];
  readonly marks: ReadonlyMap<number, Uint32Array>;
}

/** Why the next link isn't what it must be; undefined if it is. */
function prove(
  { rows, firstSeq, ended, marks }: Block,
  hasher: LinkHasher,
  before: Link,
  next: Link,
): ChainBroken | undefined {
  const isOfCommit = (seq: number) => seq > before.seq && seq <= next.seq;
  const hasMark = next.mark > before.mark;
  const computed = hasher.next(before, {
    rows: rows.values.subarray(
      Math.min(before.seq + 1 - firstSeq, rows.count) * ROW_FIELDS,
      Math.min(next.seq + 1 - firstSeq, rows.count) * ROW_FIELDS,
    ),
    bodies: rows.bodies.size === 0 ? [] : [...rows.bodies].filter(([seq]) => isOfCommit(seq)),
    ended: ended.length === 0 ? [] : ended.filter(([, { seq }]) => isOfCommit(seq)),
    delivered: hasMark ? marks.get(next.mark) ?? NO_MARKS : NO_MARKS,
  });
  if (computed.seq === next.seq && computed.mark === next.mark && isSameHead(computed.head, next.head)) {
    return undefined;
  }
  const what = next.seq === before.seq
    ? `mark ${next.mark} after row ${next.seq}`
    : next.seq === before.seq + 1
    ? `row ${next.seq}`
    : `rows ${before.seq + 1} to ${next.seq}`;
  return new ChainBroken(`${what}: not what was committed (the chain doesn't hold)`);
}

/** Reads what lies between two links; what was read before is gone then. */
export class CommitReader {
  readonly hasher = new LinkHasher();
  readonly #rows = new EntryRows();
  readonly #selectRows;
  readonly #selectBodies;
  readonly #selectEnded;
  readonly #selectMarks;

  constructor(db: DatabaseSync) {
    this.#selectRows = returningArrays(
      db.prepare("select * from entry where seq > ? and seq <= ? order by seq"),
    );
    this.#selectBodies = db.prepare("select seq, words from body where seq > ? and seq <= ? order by seq");
    // A row that ends a packet names it.
    this.#selectEnded = db.prepare(
      `select ended.seq, packet, words from entry cross join ended on number = ${FIRST_SENT_ID + 1} - packet
       where entry.seq > ? and entry.seq <= ? and ended.seq = entry.seq
       and kind in (${numbersOf(({ isOfSentPacket = false }) => isOfSentPacket)}) order by entry.seq`,
    );
    this.#selectMarks = db.prepare("select mark, packets from delivered where mark > ? and mark <= ?");
  }

  read(after: Pick<Link, "seq" | "mark">, until: Pick<Link, "seq" | "mark">): Block {
    const rows = this.#rows;
    rows.clear();
    addRows(rows, allNumbers(this.#selectRows, after.seq, until.seq), after.seq);
    for (const { seq, words } of this.#selectBodies.iterate(after.seq, until.seq)) {
      rows.bodies.set(seq as number, wordsOf(words as Uint8Array));
    }
    const ended = this.#selectEnded.all(after.seq, until.seq).map(({ seq, packet, words }) =>
      [packet as number, { seq: seq as number, words: wordsOf(words as Uint8Array) }] as const
    );
    const marks = new Map<number, Uint32Array>();
    for (const { mark, packets } of this.#selectMarks.iterate(after.mark, until.mark)) {
      marks.set(mark as number, wordsOf(packets as Uint8Array));
    }
    return { rows, firstSeq: after.seq + 1, ended, marks };
  }
}
