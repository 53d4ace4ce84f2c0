import type { Found } from "../books/account/audits.ts";
import type { Books } from "../books/contract/books.ts";
import { type Statement, statementOf } from "../books/account/statement.ts";
import type { OnStage } from "../cli/progress.ts";
import { type ComparedHost, compareHosts } from "./books_hosts.ts";
import type { Differences } from "./differences.ts";
import { matchPayments, type PaymentCounts } from "./payment_match.ts";
import { type ReconcileOptions, type ReconcileResult, Reconciliation } from "./reconcile.ts";

export interface ReconcileBooksOptions extends ReconcileOptions {
  /** The gateway's own statement, as CSV. */
  readonly gatewayStatement?: string | undefined;
}

export interface ReconcileBooksResult extends ReconcileResult {
  readonly event: string;
  readonly hosts: readonly ComparedHost[];
  readonly statement: Statement;
  /** Payments that books and gateway agree on; null without the gateway's statement. */
  readonly payments: PaymentCounts | null;
}

/**
 * Compares hosts, books, the gateway's statement and seeds with each other, to the fen. Hosts are compared by blocks of
 * their rows; the rest is sorted and merged, so that it takes the same little memory whatever the size of the event.
 *
 * @throws UserError for files that aren't there or aren't right
 */
export async function reconcileBooks(
  books: Books,
  options: ReconcileBooksOptions,
): Promise<ReconcileBooksResult> {
  const { ledgers, gatewayStatement, onStage = () => {} } = options;
  using reconciliation = new Reconciliation({ ...options, hasBooks: true });
  const { differences } = reconciliation;
  const hosts = await compareHosts(books, ledgers, reconciliation, onStage);
  await auditBooks(books, differences, onStage);
  const statement = statementOf(await books.statements.sums());
  for (const { sponsor, differenceFen } of statement.sponsors) {
    if (differenceFen === 0) continue;
    const what = differenceFen > 0 ? "missing" : "too much";
    differences.add(`sponsor ${sponsor}: ${Math.abs(differenceFen)} fen are ${what} in the books`);
  }
  const payments = gatewayStatement === undefined
    ? null
    : await matchPayments(books, gatewayStatement, differences, onStage);
  return { event: books.event.event, hosts, statement, payments, ...reconciliation.finish() };
}

/** What must agree within the books. */
async function auditBooks({ audits }: Books, differences: Differences, onStage: OnStage): Promise<void> {
  const stage = () => onStage("the books by themselves", 1, 5, "questions");
  addAll(
    await audits.strayRows(),
    differences,
    (host) => `host ${host}: the books have rows behind the last one that it brought`,
  );
  stage();
  addAll(await audits.openings(), differences, ({ host, seq, row, opening }) => {
    const at = `host ${host}, row ${seq}`;
    if (opening === undefined) return `${at}: packet ${row![0]} was opened, and isn't in settlement`;
    if (row === undefined) return `${at}: packet ${opening[0]} is in settlement, and this row opened nothing`;
    return `${at}: ${openingWords(row)} was opened, and ${openingWords(opening)} is in settlement`;
  });
  stage();
  addAll(
    await audits.usersOver(),
    differences,
    ({ user, packets, ofOneSponsor }) =>
      `user ${user}: is given ${packets} packets, ${ofOneSponsor} of one sponsor: over a limit`,
  );
  stage();
  addAll(
    await audits.holders(),
    differences,
    (user) => `user ${user}: is noted with another number of packets than they are given`,
  );
  stage();
  addAll(
    await audits.holds(),
    differences,
    (packetId) => `packet ${packetId}: is held without a hold, or isn't held and a hold is about it`,
  );
  stage();
}

function openingWords([packetId, user, sponsor, fen]: readonly number[]): string {
  return `packet ${packetId} of sponsor ${sponsor}, ${fen} fen, user ${user},`;
}

function addAll<T>({ count, first }: Found<T>, differences: Differences, words: (each: T) => string): void {
  for (const each of first) differences.add(words(each));
  differences.count += count - first.length;
}
