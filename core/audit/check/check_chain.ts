import type { DatabaseSync } from "node:sqlite";
import { genesis, type Link } from "../../ledger/chain/chain.ts";
import type { EntryRows } from "../../ledger/record/entry_rows.ts";
import { hexOf, ledgerIdOf } from "../../ledger/chain/links.ts";
import type { Problems } from "./problems.ts";
import { eachProven } from "../../ledger/chain/prove_chain.ts";
import { TRUTH_FILE } from "../../ledger/store/sqlite_store.ts";

/** A row and a head that it had, noted elsewhere: whoever has them knows whether a ledger is still the same. */
export interface Anchor {
  readonly seq: number;
  /** In hexadecimal digits. */
  readonly head: string;
}

/** Tables beside the rows, their keys, and the words in them. */
const WORD_TABLES = [["body", "seq", "words"], ["delivered", "mark", "packets"], [
  "ended",
  "number",
  "words",
]];

/**
 * Hands over all rows of a truth, proven or not: each commit that doesn't follow from the one before is a problem, and so
 * is whatever no commit added.
 *
 * @returns the last link
 */
export function* checkChain(db: DatabaseSync, problems: Problems): Generator<EntryRows, Link> {
  const add = (line: string) => problems.add(`${TRUTH_FILE} chain`, `${TRUTH_FILE}: ${line}`);
  const identities = db.prepare("select id from identity").all();
  if (identities.length !== 1) add(`has ${identities.length} ids of a ledger`);
  const tip = yield* eachProven(db, genesis(ledgerIdOf(db)), ({ message }) => add(message));
  const strays = (table: string, key: string, where: string) => {
    const select = db.prepare(`select ${key} as key from ${table} where ${where} order by 1`);
    for (const { key: of } of select.iterate()) add(`${table} ${of} is in no commit, or cut off`);
  };
  strays("entry", "seq", "seq < 1");
  strays("link", "seq", "(seq, mark) <= (0, 0)");
  strays("body", "seq", `seq < 1 or seq > ${tip.seq}`);
  strays("delivered", "mark", `mark < 1 or mark > ${tip.mark}`);
  // A packet is ended by the row that it names, and by a row that names it.
  strays(
    "ended",
    "number",
    "not exists (select 1 from entry where seq = ended.seq and packet = 4294967296 - number)",
  );
  // Whoever reads words doesn't see a part of one.
  for (const [table, key, words] of WORD_TABLES) strays(table, key, `length(${words}) % 4 <> 0`);
  return tip;
}

/** A ledger that had a head has it still, or it isn't that ledger any more. */
export function checkAnchor(db: DatabaseSync, { seq, head }: Anchor, problems: Problems): void {
  const heads = db.prepare("select head from link where seq = ?").all(seq).map(({ head }) =>
    hexOf(head as Uint8Array)
  );
  if (seq === 0) heads.push(hexOf(genesis(ledgerIdOf(db)).head));
  if (heads.includes(head.toLowerCase())) return;
  const { last } = db.prepare("select max(seq) as last from link").get()!;
  const is = heads.length > 0
    ? `it is ${heads[0]} here`
    : (last as number | null ?? 0) < seq
    ? `and the ledger ends with row ${last ?? 0}`
    : "and no commit ends there";
  problems.add("expected", `row ${seq} is expected to have the head ${head}, ${is}`);
}
