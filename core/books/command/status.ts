import type { Clock } from "../../base/clock.ts";
import { formatCount, formatOf, formatYuan } from "../../base/units.ts";
import { alignColumns } from "../../cli/columns.ts";
import type { Books } from "../contract/books.ts";
import type { Cursor, OpeningQueue } from "../contract/intake.ts";
import type { PaymentQueue } from "../account/payments.ts";

/** What books say of themselves. */
export interface BooksStatus {
  readonly books: string;
  readonly backend: string;
  readonly event: string;
  /** Null for no limit. */
  readonly packetsPerUser: number | null;
  readonly packetsPerSponsor: number | null;
  readonly hosts: readonly HostStatus[];
  readonly rows: number;
  /** What waits to be settled. */
  readonly queue: OpeningQueue;
  /** What waits to be paid. */
  readonly payments: PaymentQueue;
}

/** How far the books know a host. */
export interface HostStatus extends Omit<Cursor, "headHex"> {
  readonly head: string;
  /** How long ago the host said last that they know all of it; null if it never did. */
  readonly behindMs: number | null;
}

export async function statusOf(books: Books, clock: Clock): Promise<BooksStatus> {
  const nowMs = clock.wallMs();
  const hosts = (await books.intake.hosts()).map(({ headHex, ...cursor }): HostStatus => ({
    ...cursor,
    head: headHex,
    behindMs: cursor.caughtUpMs === 0 ? null : Math.max(0, nowMs - cursor.caughtUpMs),
  }));
  const { event, packetsPerUser, packetsPerSponsor } = books.event;
  return {
    books: books.place,
    backend: books.backend,
    event,
    packetsPerUser: packetsPerUser === Infinity ? null : packetsPerUser,
    packetsPerSponsor: packetsPerSponsor === Infinity ? null : packetsPerSponsor,
    hosts,
    rows: hosts.reduce((sum, { seq }) => sum + seq, 0),
    queue: await books.intake.queue(),
    payments: await books.payments.queue(),
  };
}

export function statusText(
  { books, event, packetsPerUser, packetsPerSponsor, hosts, rows, queue, payments }: BooksStatus,
): string {
  const limit = (packets: number | null) => packets === null ? "no limit" : formatCount(packets);
  const table = hosts.length === 0 ? "" : alignColumns([
    ["host", "name", "ledger", "epoch", "rows", "behind", ""],
    ...hosts.map(({ host, name, ledger, epoch, seq, behindMs, isRetired }) => [
      String(host),
      name,
      ledger.slice(0, 8),
      String(epoch),
      formatCount(seq),
      behindMs === null ? "never there" : `${formatCount(Math.ceil(behindMs / 1000))} s`,
      isRetired ? "retired" : "",
    ]),
  ], 3);
  return `${books}: event ${event}, ${limit(packetsPerUser)} a user, ${
    limit(packetsPerSponsor)
  } of a sponsor\n` +
    `${formatOf(hosts.length, "host")}, ${formatOf(rows, "row")}\n${table}` +
    `to settle: ${formatOf(queue.openings, "opening")}, ${formatYuan(queue.fen)}` +
    `${
      queue.oldestS === undefined ? "" : `, the oldest of ${new Date(queue.oldestS * 1000).toISOString()}`
    }\n` +
    `to pay: ${formatOf(payments.queued, "payment")}, ${formatOf(payments.sending, "call")} under way, ` +
    `${formatCount(payments.unknown)} in doubt; ${formatYuan(payments.fen)} in all\n`;
}
