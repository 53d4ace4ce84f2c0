/** A ledger's chain by its description in docs/ledger.md, with nothing of its code: for an attacker, and for an auditor. */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import type { DatabaseSync } from "node:sqlite";

const CLAIM = 8;
const TAKE_BACK = 9;

export interface Computed {
  readonly seq: number;
  readonly mark: number;
  /** As the file has it, and as it must be if all before it is right. */
  readonly stored: string;
  readonly head: string;
}

/** Every link of a truth, computed out of what is in the other tables; each follows from the computed one before. */
export function computeChain(db: DatabaseSync): Computed[] {
  const { id } = db.prepare("select id from identity").get() as { id: string };
  let head = createHash("sha256").update(`redpkt ledger ${id}`).digest();
  let [seq, mark] = [0, 0];
  const links: Computed[] = [];
  for (const link of db.prepare("select seq, mark, head from link order by seq, mark").all()) {
    const [nextSeq, nextMark] = [Number(link.seq), Number(link.mark)];
    head = createHash("sha256").update(head).update(committed(db, seq, nextSeq, mark, nextMark)).digest();
    [seq, mark] = [nextSeq, nextMark];
    links.push({ seq, mark, stored: hex(link.head as Uint8Array), head: head.toString("hex") });
  }
  return links;
}

/** What an attacker does who knows all this: makes every link say what the rows say now. */
export function recomputeChain(db: DatabaseSync): void {
  const last = db.prepare("select max(seq) as seq from entry").get() as { seq: number };
  db.prepare("delete from link where seq > ?").run(last.seq);
  const ends = db.prepare("select max(seq) as seq, max(mark) as mark from link").get() as Record<
    string,
    number
  >;
  if (ends.seq < last.seq) {
    db.prepare("insert into link values (?, ?, ?)").run(last.seq, ends.mark, new Uint8Array(32));
  }
  const marks = db.prepare("select max(mark) as mark from delivered").get() as { mark: number | null };
  db.prepare("delete from link where mark > ?").run(marks.mark ?? 0);
  for (const { seq, mark, head } of computeChain(db)) {
    db.prepare("update link set head = ? where seq = ? and mark = ?").run(
      Uint8Array.fromHex(head),
      seq,
      mark,
    );
  }
}

/** The bytes of one commit. */
function committed(
  db: DatabaseSync,
  afterSeq: number,
  seq: number,
  afterMark: number,
  mark: number,
): Uint8Array {
  const between = (sql: string) =>
    db.prepare(`${sql} order by 1`).all(afterSeq, seq) as Record<string, unknown>[];
  const rows = between("select * from entry where seq > ? and seq <= ?");
  const bodies = between("select seq, words from body where seq > ? and seq <= ?");
  const ended = between(
    `select e.seq, e.packet, d.words from entry e join ended d on d.number = 4294967296 - e.packet and d.seq = e.seq
     where e.seq > ? and e.seq <= ? and e.kind in (${CLAIM}, ${TAKE_BACK})`,
  );
  const marks = db.prepare("select packets from delivered where mark > ? and mark <= ?").all(afterMark, mark);
  const delivered = marks.map(({ packets }) => Buffer.from(packets as Uint8Array));
  const deliveredWords = delivered.reduce((sum, words) => sum + words.length / 4, 0);
  return Buffer.concat([
    doubles(seq, mark, rows.length, bodies.length, ended.length, deliveredWords),
    ...rows.map((row) => doubles(...Object.values(row).map(Number))),
    ...bodies.flatMap((body) => {
      const words = body.words as Uint8Array;
      return [doubles(Number(body.seq), words.length / 4), words];
    }),
    ...ended.flatMap((end) => {
      const words = end.words as Uint8Array;
      return [doubles(Number(end.seq), Number(end.packet), words.length / 4), words];
    }),
    ...delivered,
  ]);
}

function doubles(...numbers: number[]): Uint8Array {
  const bytes = Buffer.alloc(8 * numbers.length);
  numbers.forEach((number, i) => bytes.writeDoubleLE(number, 8 * i));
  return bytes;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
