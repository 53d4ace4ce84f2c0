/** Kills settlers, payers, the gateway and PostgreSQL in the middle of their work, and sees where the money is then. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { AwardState, awardStateName, COUNTED_STATES } from "../../core/books/account/award_state.ts";
import type { Books } from "../../core/books/contract/books.ts";
import { BooksAway } from "../../core/books/contract/books_away.ts";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { HeldPort } from "../../core/rehearse/stage/held_port.ts";
import { statementOf } from "../../core/books/account/statement.ts";
import { redpkt, Running } from "../processes.ts";
import { PostgresServer } from "./postgres_server.ts";
import { awardsOf, Hosts, type Win } from "./wins.ts";

export interface PayoutCrashOptions {
  readonly seed: number;
  /** How often each of them is killed. */
  readonly kills: number;
  /** In PostgreSQL, which is killed too; else in a SQLite file. */
  readonly isPostgres: boolean;
  readonly onKill?: (victim: string, kills: number) => void;
}

export interface PayoutCrashResult {
  readonly kills: Readonly<Record<string, number>>;
  readonly awards: number;
  readonly paid: number;
  readonly paidFen: number;
  readonly refused: number;
  /** What doesn't agree. */
  readonly problems: readonly string[];
}

const HOSTS = 3;
/** Few enough that limits bind, many enough that the queue never runs dry. */
const USERS = 2_000;
const WINS_A_BLOCK = 40;
/** Longest rest between two kills, in ms. */
const MOST_REST_MS = 500;
const FAULTS = [
  ...["--fail-percent", "3", "--refuse-percent", "2"],
  ...["--timeout-before-percent", "2", "--timeout-after-percent", "2"],
];
const PAYOUT = ["--timeout-ms", "700", "--lease-seconds", "3", "--parallel", "16"];

/** Books that are fed, settled and paid while everything dies now and then; and what is in them at the end. */
export async function payoutCrash(options: PayoutCrashOptions): Promise<PayoutCrashResult> {
  const { seed, kills: killsEach, isPostgres } = options;
  const random = new Random(seed);
  const folder = await Deno.makeTempDir({ prefix: "redpkt-payout-" });
  const postgres = isPostgres ? await PostgresServer.start() : undefined;
  const url = postgres?.url() ?? `${folder}/books.db`;
  using port = HeldPort.take();
  const gatewayFlags = ["--port", String(port.port), "--statement", `${folder}/gateway.db`];
  const keyFile = `${folder}/gateway.key`;
  const payFlags = ["--gateway", `http://127.0.0.1:${port.port}`, "--gateway-key", keyFile, ...PAYOUT];
  const start: Readonly<Record<string, () => Running>> = {
    gateway: () => new Running(["fake-gateway", ...gatewayFlags, "--key", keyFile, ...FAULTS]),
    settler: () => new Running(["settle", "--books", url, "--patience-seconds", "0", "--batch", "50"]),
    payer: () => new Running(["payout", "--books", url, ...payFlags]),
  };
  const running = new Map<string, Running>();
  const kills: Record<string, number> = {};
  let books: Books | undefined;
  try {
    await makeBooks(url, { event: "gala" });
    books = await openBooks(url);
    running.set("gateway", start.gateway());
    await running.get("gateway")!.event("listening");
    for (const name of ["settler", "payer"]) {
      for (const one of [1, 2]) running.set(`${name} ${one}`, start[name]());
    }
    const feeder = new Feeder(books, random.fork());
    const feeding = feeder.run();
    const victims = [...running.keys(), ...(isPostgres ? ["PostgreSQL"] : [])];
    for (let round = 0; round < killsEach; round++) {
      for (const victim of victims) {
        await sleep(random.below(MOST_REST_MS));
        if (victim === "PostgreSQL") {
          await postgres!.kill9();
          await postgres!.restart();
        } else {
          const one = running.get(victim)!;
          assert.ok(one.isRunning, `${victim} has ended by itself: ${one.log}`);
          one.process.kill("SIGKILL");
          await one.ended();
          running.set(victim, start[victim.split(" ")[0]]());
        }
        const what = victim.split(" ")[0];
        kills[what] = (kills[what] ?? 0) + 1;
        options.onKill?.(what, kills[what]);
      }
    }
    feeder.stop();
    await feeding;
    for (const [name, one] of running) {
      if (name === "gateway") continue;
      one.process.kill("SIGTERM");
      const code = await one.ended();
      // Who has only just been started again may not be up yet: it has nothing to end.
      assert.ok(code === 0 || (code === 143 && one.log === ""), `${name} ends in order: ${code} ${one.log}`);
    }
    await run(["settle", "--books", url, "--once", "--patience-seconds", "0"]);
    await run(["payout", "--books", url, "--once", ...payFlags]);
    const csv = `${folder}/gateway.csv`;
    await run(["fake-gateway", "--statement", `${folder}/gateway.db`, "--export", csv]);
    return { kills, ...await audit(books, feeder.wins, await Deno.readTextFile(csv)) };
  } finally {
    for (const one of running.values()) await one[Symbol.asyncDispose]();
    await books?.close();
    await postgres?.[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(args: readonly string[]): Promise<void> {
  const { code, stderr } = await redpkt(args);
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
}

/** Brings wins as uplinks do, until it is stopped. */
class Feeder {
  readonly wins: Win[] = [];
  readonly #hosts: Hosts;
  readonly #random: Random;
  #isStopped = false;

  constructor(books: Books, random: Random) {
    this.#hosts = new Hosts(books);
    this.#random = random;
  }

  stop(): void {
    this.#isStopped = true;
  }

  async run(): Promise<void> {
    for (let block = 0; !this.#isStopped; block++) {
      const host = 1 + block % HOSTS;
      const wins = Array.from({ length: WINS_A_BLOCK }, (_, i): Win => ({
        packetId: 1 + block * WINS_A_BLOCK + i,
        user: this.#random.below(USERS),
        sponsor: 1 + this.#random.below(8),
        fen: this.#random.between(1, 800),
        s: block,
      }));
      await this.#bring(host, wins);
      this.wins.push(...wins);
      await sleep(20);
    }
  }

  /** Away books may have taken a block all the same: as an uplink does, it asks where they stand. */
  async #bring(host: number, wins: readonly Win[]): Promise<void> {
    let block: (() => Promise<boolean>) | undefined;
    for (;;) {
      try {
        block ??= await this.#hosts.prepare(host, wins);
        if (await block()) return;
      } catch (error) {
        if (!(error instanceof BooksAway)) throw error;
        await sleep(100);
      }
    }
  }
}

/** Compares books, what was brought, and the gateway's statement. */
async function audit(books: Books, wins: readonly Win[], csv: string) {
  const problems: string[] = [];
  const awards = await awardsOf(books);
  const byPacket = new Map(awards.map((award) => [award.packetId, award]));
  if (awards.length !== wins.length) {
    problems.push(`${wins.length} were opened and ${awards.length} are in the books`);
  }
  for (const { packetId, user, fen } of wins) {
    const award = byPacket.get(packetId);
    if (award?.user !== user || award.fen !== fen) {
      problems.push(`packet ${packetId} is another in the books`);
    }
  }
  const given = new Map<number, number[]>();
  for (const { user, sponsor, state } of awards) {
    if (COUNTED_STATES.includes(state)) given.set(user, [...given.get(user) ?? [], sponsor]);
  }
  for (const [user, sponsors] of given) {
    if (sponsors.length > 3) problems.push(`user ${user} is given ${sponsors.length}`);
    if (new Set(sponsors).size < sponsors.length) problems.push(`user ${user} is given two of one sponsor`);
  }
  const rows = csv.trimEnd().split("\n").slice(1).map((line) => line.split(","));
  const known = new Map(rows.map(([key, user, fen, outcome]) => [key, { user, fen, outcome }]));
  if (known.size !== rows.length) problems.push("the gateway has a key twice");
  for (const { packetId, user, fen, state } of awards) {
    const row = known.get(`gala/${packetId}`);
    known.delete(`gala/${packetId}`);
    const isDecided = state === AwardState.paid || state === AwardState.refused;
    const said = row === undefined ? "nothing" : `${row.outcome} ${row.fen} to ${row.user}`;
    const wanted = isDecided ? `${awardStateName(state)} ${fen} to ${user}` : "nothing";
    if (said !== wanted) problems.push(`packet ${packetId}: the books say ${wanted}, the gateway ${said}`);
  }
  for (const key of known.keys()) problems.push(`${key} is known to the gateway alone`);
  const { total } = statementOf(await books.statements.sums());
  const { differenceFen, notSettledFen, toPayFen, inDoubtFen, heldFen, openedFen } = total;
  const open = { differenceFen, notSettledFen, toPayFen, inDoubtFen, heldFen };
  for (const [what, fen] of Object.entries(open)) if (fen !== 0) problems.push(`${what} is ${fen}`);
  const wonFen = wins.reduce((sum, { fen = 0 }) => sum + fen, 0);
  if (openedFen !== wonFen) problems.push(`${wonFen} fen were opened, and the statement says ${openedFen}`);
  if (total.paidFen + total.returnedFen !== openedFen) {
    problems.push("paid and returned aren't what was opened");
  }
  const { paidPackets: paid, paidFen, refusedPackets: refused } = total;
  return { awards: awards.length, paid, paidFen, refused, problems };
}
