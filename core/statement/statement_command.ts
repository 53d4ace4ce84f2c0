import { z } from "zod";
import { formatCount } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { awardStateName } from "../books/account/award_state.ts";
import type { Books } from "../books/contract/books.ts";
import { BOOKS_FILE } from "../books/open/open_books.ts";
import { withBooks } from "../books/command/with_books.ts";
import { flag, type Flags, type FlagValues, switchFlag, wholeNumber } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { Progress } from "../cli/progress.ts";
import {
  type Statement,
  STATEMENT_COLUMNS,
  type StatementLine,
  statementOf,
} from "../books/account/statement.ts";
import { statementText } from "./statement_text.ts";
import { openTable, type TableColumn } from "./table_file.ts";

const MOST_SPONSOR = 0xffff;

const STATEMENT_FLAGS = {
  books: flag("URL", "postgres://... or a SQLite file", z.string().default(BOOKS_FILE)),
  sponsor: flag("N", "this sponsor alone", wholeNumber(0, MOST_SPONSOR).optional()),
  to: flag(
    "text|json|csv|parquet",
    "format; csv and parquet go to a file",
    z.enum(["text", "json", "csv", "parquet"]).default("text"),
  ),
  awards: switchFlag("every award that was opened, instead of sums; with --to csv or parquet"),
  out: flag(
    "FILE",
    "csv and parquet: file, statement.csv or statement.parquet if absent",
    z.string().optional(),
  ),
  json: JSON_FLAG,
} satisfies Flags;

type Options = FlagValues<typeof STATEMENT_FLAGS>;

/** `redpkt statement`: what became of each sponsor's money. */
export const command = commandOf({
  name: "statement",
  about: "Sums up the books by sponsor, to the fen. The same books make the same statement, byte for byte. " +
    "Exit code 1 if money is missing.",
  flags: STATEMENT_FLAGS,
  examples: [
    { line: "redpkt statement", shows: "what books.db says of each sponsor" },
    {
      line: "redpkt statement --sponsor 3 --awards --to csv --out sponsor3.csv",
      shows: "every award of one sponsor",
    },
  ],
}, async (host, values) => {
  const isTable = values.to === "csv" || values.to === "parquet";
  const problems: string[] = [];
  if (values.awards && !isTable) problems.push("--awards: needs --to csv or --to parquet");
  if (values.out !== undefined && !isTable) problems.push("--out: needs --to csv or --to parquet");
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  const write = values.awards ? writeAwards : writeSums;
  return await withBooks(values.books, (books) => write(host, books, values));
});

async function writeSums(host: Host, books: Books, { sponsor, to, out, json }: Options): Promise<number> {
  const all = statementOf(await books.statements.sums());
  const statement: Statement = sponsor === undefined ? all : onlyOf(all, sponsor);
  const code = statement.total.differenceFen === 0 && statement.sponsors.every(isWhole)
    ? ExitCode.ok
    : ExitCode.failed;
  const result = { event: books.event.event, ...statement };
  if (to === "text" || to === "json") {
    writeResult(
      host,
      json || to === "json",
      result,
      () => `${books.event.event}\n${statementText(statement)}`,
    );
    return code;
  }
  const path = out ?? `statement.${to}`;
  await writing(path, async () => {
    const table = await openTable(to, path, STATEMENT_COLUMNS.map((name) => ({ name: columnName(name) })));
    table.add(statement.sponsors.map((line) => STATEMENT_COLUMNS.map((column) => line[column])));
    table.finish();
  });
  const text = () => `${path}: ${formatCount(statement.sponsors.length)} sponsors\n`;
  writeResult(host, json, { file: path, format: to, ...result }, text);
  return code;
}

function isWhole({ differenceFen }: StatementLine): boolean {
  return differenceFen === 0;
}

/** @throws UserError if there is no such sponsor */
function onlyOf({ sponsors }: Statement, sponsor: number): Statement {
  const line = sponsors.find((each) => each.sponsor === sponsor);
  if (line !== undefined) return { sponsors: [line], total: line };
  const known = sponsors.length === 0 ? "none" : sponsors.slice(0, 20).map((each) => each.sponsor).join(", ");
  throw new UserError(`--sponsor ${sponsor}: has put nothing in. There are ${known}`);
}

/** Columns of `--awards`, in order. */
const AWARD_COLUMNS: readonly TableColumn[] = [
  { name: "packet_id" },
  { name: "user" },
  { name: "sponsor" },
  { name: "amount_fen" },
  { name: "opened_s" },
  { name: "state", isText: true },
  { name: "reason", isText: true },
  { name: "host" },
  { name: "row" },
];

async function writeAwards(host: Host, books: Books, { sponsor, to, out, json }: Options): Promise<number> {
  const path = out ?? `statement.${to}`;
  const progress = new Progress(host, "awards");
  let awards = 0;
  await writing(path, async () => {
    const table = await openTable(to === "csv" ? "csv" : "parquet", path, AWARD_COLUMNS);
    for await (const block of books.statements.awards()) {
      const rows = block.filter((award) => sponsor === undefined || award.sponsor === sponsor).map((
        award,
      ) => [
        ...[award.packetId, award.user, award.sponsor, award.fen, award.openedS],
        ...[awardStateName(award.state), award.reason, award.host, award.seq],
      ]);
      if (rows.length > 0) table.add(rows);
      awards += rows.length;
      progress.add(rows.length, 0, path);
    }
    table.finish();
  });
  progress.end();
  writeResult(
    host,
    json,
    { file: path, format: to, awards },
    () => `${path}: ${formatCount(awards)} awards\n`,
  );
  return ExitCode.ok;
}

/** @throws UserError if the file can't be written */
async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const isOfSystem = error instanceof Error && "code" in error && /^E[A-Z0-9]+$/.test(String(error.code));
    if (isOfSystem) throw new UserError(`--out ${path}: cannot be written: ${error.message}`);
    throw error;
  }
}

/** A column as tables have them: `putInFen` is `put_in_fen`. */
function columnName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
