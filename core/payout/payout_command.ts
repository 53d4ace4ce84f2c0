import { z } from "zod";
import { sleep } from "../base/clock.ts";
import { Random, systemSeed } from "../base/random.ts";
import { formatCount, formatYuan } from "../base/units.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import type { Books } from "../books/contract/books.ts";
import { BooksAway } from "../books/contract/books_away.ts";
import type { Payments } from "../books/account/payments.ts";
import { BOOKS_FILE } from "../books/open/open_books.ts";
import { awaitBooks } from "../books/open/await_books.ts";
import { flag, type Flags, type FlagValues, switchFlag, wholeNumber } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG, writeResult } from "../cli/json_output.ts";
import { type Log, openLog } from "../cli/log.ts";
import { Progress } from "../cli/progress.ts";
import { Stop, stopOnSignal } from "../cli/stop.ts";
import { HttpGateway, isSendable } from "./gateway/http_gateway.ts";
import { readGatewayKey } from "./gateway/signature.ts";
import { Payer, type PayerEvent, type PayerSums } from "./payer.ts";

const BOOKS_AWAY = "the books are away: waiting";
/** How often the queue is counted anew, in ms. */
const COUNT_MS = 5_000;
/** A call must be over, and what came of it stored, well before its payment's lease ends. */
const CALLS_A_LEASE = 3;
/** Connections to PostgreSQL: one claims while another stores. */
const CONNECTIONS = 2;

/** Where a gateway may be: what isn't encrypted stays on this machine. */
const gatewayUrl = z.string().optional().transform((text, context) => {
  const url = URL.parse(text ?? "http://127.0.0.1:8100");
  const isHere = url !== null && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  const isUsable = url !== null && url.search === "" && url.hash === "" && url.username === "";
  if (isUsable && (url.protocol === "https:" || (url.protocol === "http:" && isHere))) return url;
  context.addIssue({ code: "custom", message: "must be https://..., or http:// on this machine" });
  return z.NEVER;
});

const PAYOUT_FLAGS = {
  books: flag("URL", "postgres://... or a SQLite file", z.string().default(BOOKS_FILE)),
  gateway: flag(
    "URL",
    "the payment gateway, where payments are ordered",
    gatewayUrl,
    "http://127.0.0.1:8100",
  ),
  "gateway-key": flag("FILE", "key that orders are signed with", z.string().default("gateway.key")),
  "gateway-ca": flag(
    "FILE",
    "certificates in PEM that vouch for it besides the usual ones",
    z.string().optional(),
  ),
  once: switchFlag("ends when the queue is empty; else it goes on until it is stopped"),
  parallel: flag("N", "calls at once", wholeNumber(1, 4_096).default(64)),
  rate: flag("N", "calls a second at most; 0 for no limit", wholeNumber(0, 1_000_000).default(0)),
  "timeout-ms": flag("N", "how long a call may take", wholeNumber(1, 600_000).default(10_000)),
  "lease-seconds": flag(
    "N",
    "after how long a dead payer's payments are asked about; at least 3 times --timeout-ms",
    wholeNumber(1, 86_400).default(60),
  ),
  json: JSON_FLAG,
} satisfies Flags;

/** `redpkt payout`: brings the payments about. */
export const command = commandOf({
  name: "payout",
  about: "Orders payments at a payment gateway, and asks it what became of those that had no answer. " +
    "Any number may run at once.",
  flags: PAYOUT_FLAGS,
  examples: [
    {
      line: "redpkt payout --once",
      shows: "pays what books.db has settled through redpkt fake-gateway, and ends",
    },
    {
      line:
        "redpkt payout --books postgres://payer@db/books --gateway https://pay.example/redpkt --rate 2000",
      shows: "pays through a bank's adapter, with at most 2,000 calls a second",
    },
  ],
}, payOut);

async function payOut(host: Host, values: FlagValues<typeof PAYOUT_FLAGS>): Promise<number> {
  const timeoutMs = values["timeout-ms"];
  const leaseMs = values["lease-seconds"] * 1_000;
  if (leaseMs < CALLS_A_LEASE * timeoutMs) {
    const leastS = Math.ceil(CALLS_A_LEASE * timeoutMs / 1_000);
    throw new UserError(
      `--lease-seconds ${
        values["lease-seconds"]
      }: is too short for --timeout-ms ${timeoutMs}. Give ${leastS} or more`,
    );
  }
  const key = readGatewayKey(values["gateway-key"], "--gateway-key");
  const caCerts = readCerts(values["gateway-ca"]);
  const { clock } = host;
  const gateway = new HttpGateway({
    ...{ url: values.gateway, key, clock, timeoutMs, caCerts, connections: values.parallel },
  });
  const stop = new Stop();
  const forget = stopOnSignal(host, stop);
  const log = openLog(host, "payout");
  const isStopped = () => stop.isStopped;
  const wait = (ms: number) => stop.wait(ms);
  let books: Books | undefined;
  try {
    const onAway = (error: BooksAway) => log("warn", BOOKS_AWAY, { why: error.message });
    books = await awaitBooks(values.books, { connections: CONNECTIONS }, { isStopped, wait, onAway });
    if (books === undefined) return ExitCode.ok;
    const { payments, event: { event } } = books;
    if (!isSendable(event)) {
      throw new UserError(
        `--books ${books.place}: their event ${JSON.stringify(event)} can't stand in a header of HTTP: ` +
          "an event that is paid over a gateway is named in ASCII",
      );
    }
    const shown = new ShownPayout(host, log, payments);
    const payer = new Payer({
      ...{ payments, gateway, event, clock, random: new Random(systemSeed()), leaseMs },
      parallel: values.parallel,
      ratePerS: values.rate === 0 ? Infinity : values.rate,
      ...{ isOnce: values.once, isStopped, wait, sleep },
      onEvent: (event) => shown.on(event, payer.sums),
    });
    await payer.run();
    shown.end();
    const left = await leftIn(payments);
    writeResult(host, values.json, { ...payer.sums, ...left }, () => textOf(payer.sums, left));
    return payer.sums.contradictions === 0 ? ExitCode.ok : ExitCode.failed;
  } finally {
    forget();
    gateway.close();
    await books?.close();
  }
}

/** What is still to be done; null where nobody can say. */
interface LeftPayments {
  readonly queued: number | null;
  readonly inDoubt: number | null;
}

async function leftIn(payments: Payments): Promise<LeftPayments> {
  try {
    const { queued, sending, unknown } = await payments.queue();
    return { queued, inDoubt: sending + unknown };
  } catch (error) {
    if (error instanceof BooksAway) return { queued: null, inDoubt: null };
    throw error;
  }
}

/** What an operator sees of a payout: how far it is, and what is wrong. */
class ShownPayout {
  readonly #host: Host;
  readonly #payments: Payments;
  readonly #log: Log;
  readonly #progress: Progress;
  #left = 0;
  #countedMs = -Infinity;
  #areBooksAway = false;

  constructor(host: Host, log: Log, payments: Payments) {
    this.#host = host;
    this.#log = log;
    this.#payments = payments;
    this.#progress = new Progress(host, "payments");
  }

  on(event: PayerEvent, sums: PayerSums): void {
    switch (event.kind) {
      case "decided":
        return this.#decided(event.payments, sums);
      case "booksAway":
        if (!this.#areBooksAway) this.#log("warn", BOOKS_AWAY, { why: event.why });
        this.#areBooksAway = true;
        return;
      case "gatewayAway":
        return this.#log("warn", "the gateway decides nothing: trying a call a second", { why: event.why });
      case "gatewayBack":
        return this.#log("info", "the gateway is back");
      case "contradiction":
        return this.#log("error", "the gateway says now what it denied before: see docs/gateway.md", {
          packets: event.packetIds.slice(0, 20).join(" "),
        });
    }
  }

  end(): void {
    this.#progress.end();
  }

  #decided(payments: number, { paid, refused, notTaken, unknown }: PayerSums): void {
    this.#areBooksAway = false;
    this.#left = Math.max(0, this.#left - payments);
    const failures = [
      ...(refused > 0 ? [`${formatCount(refused)} refused`] : []),
      ...(notTaken > 0 ? [`${formatCount(notTaken)} calls not taken`] : []),
      ...(unknown > 0 ? [`${formatCount(unknown)} without an answer`] : []),
    ];
    const where = failures.length === 0 ? "paid" : `paid (${failures.join(", ")})`;
    this.#progress.add(payments, paid + refused + this.#left, where);
    const nowMs = this.#host.clock.monotonicMs();
    if (nowMs < this.#countedMs + COUNT_MS) return;
    this.#countedMs = nowMs;
    void this.#payments.queue().then(
      ({ queued, sending, unknown }) => this.#left = queued + sending + unknown,
      () => {}, // the payer itself says that the books are away
    );
  }
}

function readCerts(path: string | undefined): string[] | undefined {
  if (path === undefined) return undefined;
  try {
    const text = Deno.readTextFileSync(path);
    if (text.includes("-----BEGIN CERTIFICATE-----")) return [text];
  } catch (error) {
    throw new UserError(`--gateway-ca ${path}: cannot be read: ${(error as Error).message}`);
  }
  throw new UserError(`--gateway-ca ${path}: holds no certificate in PEM. Give the CA's own file`);
}

function textOf(
  { paid, paidFen, refused, notTaken, unknown, contradictions }: PayerSums,
  { queued, inDoubt }: LeftPayments,
): string {
  const lines = [
    `${formatCount(paid)} paid, ${formatYuan(paidFen)}; ${formatCount(refused)} refused`,
    `${formatCount(notTaken)} calls not taken, ${formatCount(unknown)} without an answer`,
    ...(queued === null || inDoubt === null
      ? []
      : [`${formatCount(queued)} to pay, ${formatCount(inDoubt)} in doubt`]),
    ...(contradictions === 0 ? [] : [`${formatCount(contradictions)} CONTRADICTIONS of the gateway`]),
  ];
  return `${lines.join("\n")}\n`;
}
