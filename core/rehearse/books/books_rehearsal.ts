import { formatCount, formatYuan } from "../../base/units.ts";
import { ExitCode } from "../../base/user_error.ts";
import { withBooks } from "../../books/command/with_books.ts";
import type { StatementLine } from "../../books/account/statement.ts";
import { alignColumns } from "../../cli/columns.ts";
import type { Host } from "../../cli/host.ts";
import { writeResult } from "../../cli/json_output.ts";
import { reconcileBooks } from "../../reconcile/reconcile_books.ts";
import type { BooksScenario, FullScenario } from "../measure/scenario.ts";
import { BooksStage, type BooksStageOptions } from "./books_stage.ts";

/** Something that must hold at the end. */
interface BooksCheck {
  readonly what: string;
  readonly seen: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly exactly?: number;
  readonly unit: "count" | "fen";
  readonly met: boolean;
}

/**
 * Plays an event over several hosts, closes it, settles and pays all of it, and compares hosts, books and gateway.
 *
 * @returns the exit code
 */
export async function rehearseBooks(
  host: Host,
  scenario: FullScenario,
  books: BooksScenario,
  options: BooksStageOptions & { readonly isJson: boolean },
): Promise<number> {
  const { folder, isJson } = options;
  const say = (text: string) => (isJson ? host.err : host.out)(text);
  await using stage = new BooksStage(host, scenario, books, options);
  await stage.start();
  const why = stage.backend === "SQLite" && books.backend === "auto"
    ? ", since PostgreSQL isn't installed"
    : "";
  say(`books in ${stage.backend}${why}\n`);
  say(
    `${formatCount(stage.servers.length)} servers and ${
      formatCount(stage.fleets.length)
    } fleets have played\n`,
  );
  await stage.end();
  const hosts = Array.from({ length: books.hosts }, (_, i) => i + 1);
  for (const number of hosts) {
    await stage.run(["ledger", "close", stage.ledgerOf(number)]);
    await stage.run(["books", "fill", "--books", stage.url, "--ledger", stage.ledgerOf(number)]);
    await stage.run(["books", "retire", "--books", stage.url, "--host", String(number)]);
  }
  await stage.run(["settle", "--books", stage.url, "--once"]);
  await stage.run(["payout", "--books", stage.url, "--once", ...stage.payoutFlags]);
  const csv = `${folder}/gateway.csv`;
  await stage.run(["fake-gateway", "--statement", stage.gatewayDatabase, "--export", csv]);
  await stage.run(["statement", "--books", stage.url, "--to", "csv", "--out", `${folder}/statement.csv`]);
  const reconciled = await withBooks(stage.url, (books) =>
    reconcileBooks(books, {
      ledgers: hosts.map((number) => stage.ledgerOf(number)),
      fleetFiles: [],
      gatewayStatement: csv,
    }));
  const { statement: { total }, differences, differenceCount, payments } = reconciled;
  const checks = checksOf(total, differenceCount, payments?.paidFen ?? 0, scenario, books);
  const isPass = checks.every(({ met }) => met);
  const verdict = isPass ? "PASS" : "FAIL";
  const result = {
    scenario: scenario.name,
    verdict,
    backend: stage.backend,
    folder,
    checks,
    total,
    differences,
  };
  writeResult(host, isJson, result, () =>
    `\n  money: ${moneyText(total)}\n\n${checksText(checks)}\n` +
    differences.slice(0, 20).map((words) => `  DIFFERENCE  ${words}\n`).join("") +
    `${verdict}  ${scenario.name}  ${folder}\n`);
  return isPass ? ExitCode.ok : ExitCode.failed;
}

function checksOf(
  total: StatementLine,
  differenceCount: number,
  gatewayFen: number,
  { phases }: FullScenario,
  { overLimitAtLeast, overLimitAtMost }: BooksScenario,
): BooksCheck[] {
  const onTheWayFen = total.notWonFen + total.notOpenedFen + total.notSettledFen + total.heldFen +
    total.toPayFen +
    total.inDoubtFen;
  const made = phases.reduce((sum, { packets, seconds }) => sum + (packets?.ratePerS ?? 0) * seconds, 0);
  return [
    check("packets were paid", "count", total.paidPackets, { atLeast: Math.min(1, made) }),
    check(
      "packets were over a limit over all hosts",
      "count",
      total.overUserPackets + total.overSponsorPackets,
      { atLeast: overLimitAtLeast, ...(overLimitAtMost === undefined ? {} : { atMost: overLimitAtMost }) },
    ),
    check("nothing is on its way any more", "fen", onTheWayFen, { exactly: 0 }),
    check("paid and returned is what was put in", "fen", total.paidFen + total.returnedFen, {
      exactly: total.putInFen,
    }),
    check("the gateway paid what the books say", "fen", gatewayFen, { exactly: total.paidFen }),
    check("differences between hosts, books and gateway", "count", differenceCount, { exactly: 0 }),
  ];
}

function check(
  what: string,
  unit: BooksCheck["unit"],
  seen: number,
  wanted: { readonly atLeast?: number; readonly atMost?: number; readonly exactly?: number },
): BooksCheck {
  const { atLeast = -Infinity, atMost = Infinity, exactly = seen } = wanted;
  return { what, seen, ...wanted, unit, met: seen >= atLeast && seen <= atMost && seen === exactly };
}

function checksText(checks: readonly BooksCheck[]): string {
  const shown = (unit: BooksCheck["unit"], value: number) =>
    unit === "fen" ? formatYuan(value) : formatCount(value);
  return alignColumns([
    ["", "what", "seen", "wanted"],
    ...checks.map(({ met, what, unit, seen, atLeast, atMost, exactly }) => [
      ...[met ? "ok" : "FAIL", what, shown(unit, seen)],
      exactly !== undefined
        ? `exactly ${shown(unit, exactly)}`
        : atMost !== undefined
        ? `at least ${shown(unit, atLeast ?? 0)}, at most ${shown(unit, atMost)}`
        : `at least ${shown(unit, atLeast ?? 0)}`,
    ]),
  ], 2);
}

function moneyText({ putInFen, paidFen, returnedFen, paidPackets }: StatementLine): string {
  return `${formatYuan(putInFen)} put in = ${formatYuan(paidFen)} paid in ${
    formatCount(paidPackets)
  } packets + ` +
    `${formatYuan(returnedFen)} returned`;
}
