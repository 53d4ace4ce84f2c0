import { BlockHasher } from "../../books/account/row_hash.ts";
import { statementOf } from "../../books/account/statement.ts";
import { ROW_FIELDS } from "../../ledger/record/entry_rows.ts";
import { compareVersions, versionText } from "../../show/document.ts";
import type { WorldHost } from "../host/world_host.ts";
import type { World } from "./world.ts";
import type { InvariantName } from "../watch/invariant_names.ts";

interface Invariant {
  /** What must hold, for people. */
  readonly what: string;
  /** Looks again and again at a bounded part. What the witness notices at once needs none. */
  readonly look?: (world: World, turn: number) => Iterable<string>;
  /** Proves it at the end, when everything has come to rest. */
  readonly end?: (world: World) => AsyncIterable<string> | Iterable<string>;
}

/** Every promise, one declaration each. The witness notices the rest of each at once; see `Witness`. */
export const INVARIANTS: Readonly<Record<InvariantName, Invariant>> = {
  money: {
    what:
      "every fen that was put in is won, given back, paid or on its way, in every ledger and in the books",
    look: lookAtMoney,
    end: endOfMoney,
  },
  limits: {
    what: "nobody is paid more than the limits allow; at one host nobody is awarded more",
    end: endOfLimits,
  },
  once: { what: "each packet is awarded, opened and paid once, to one user, with one amount" },
  durable: { what: "nobody is told of an award or an opening before a disk has it" },
  order: {
    what: "at each host newer documents follow older ones, and no plan's revision goes back",
    end: endOfOrder,
  },
  told: { what: "every user who is there at the end has been told of every award of theirs", end: endOfTold },
  progress: {
    what:
      "when the faults are over everything works again: hosts, users, books, settlement, payment, the show",
    end: endOfProgress,
  },
};

/** One host a look. */
function* lookAtMoney(world: World, turn: number): Iterable<string> {
  const host = world.hosts[turn % world.hosts.length];
  if (host.sim === undefined || host.sim.ledger.failure !== undefined) return;
  const { sourceFen, poolFen, heldFen, userFen, returnedFen } = host.sim.ledger.balances();
  const sum = sourceFen + poolFen + heldFen + userFen + returnedFen;
  if (sum !== 0) yield `the accounts of ${host.name} come to ${sum} fen`;
}

async function* endOfMoney(world: World): AsyncIterable<string> {
  const { model } = world.books;
  for (const host of world.hosts) {
    yield* await differenceOfRows(world, host);
    yield* lookAtMoney(world, host.number - 1);
  }
  const [stray, openings, holders, holds] = await Promise.all([
    model.audits.strayRows(),
    model.audits.openings(),
    model.audits.holders(),
    model.audits.holds(),
  ]);
  for (const [name, { count, first }] of Object.entries({ stray, openings, holders, holds })) {
    if (count > 0) yield `the books' own audit finds ${count} of ${name}: ${JSON.stringify(first[0])}`;
  }
  for (const { host, booksMs } of world.witness.losses) {
    const seq = (await model.intake.cursor(host))?.seq ?? 0;
    for (const [packetId, award] of world.witness.awards) {
      if (award.host !== host || award.seq <= seq || award.atMs >= booksMs) continue;
      yield `packet ${packetId} is lost with the disk of host ${host}, and the books had been told later than it was won`;
    }
  }
  const { total } = statementOf(await model.statements.sums());
  if (total.differenceFen !== 0) yield `the statement lacks ${total.differenceFen} fen`;
  const bank = world.gateway.store.sums();
  if (total.paidFen !== bank.paidFen) {
    yield `the books say ${total.paidFen} fen paid, the bank ${bank.paidFen}`;
  }
  const putInFen = world.seedPlan.sponsors.reduce((sum, { budgetFen }) => sum + budgetFen, 0);
  const isWhole = world.hosts.every(({ lostWhy }) => lostWhy === undefined);
  if (isWhole && total.putInFen !== putInFen) yield `${putInFen} fen were planned, ${total.putInFen} put in`;
}

/** The books have what the disk has; of a host that is gone, what it had up to their cursor. */
async function differenceOfRows(world: World, host: WorldHost): Promise<string[]> {
  const { model } = world.books;
  const cursor = await model.intake.cursor(host.number);
  const seq = cursor?.seq ?? 0;
  if (host.lostWhy === undefined && seq !== host.disk.lastSeq()) {
    return [`the books have ${seq} rows of ${host.name}, and its disk ${host.disk.lastSeq()}`];
  }
  const mine = new BlockHasher();
  let left = seq;
  for (const rows of world.witness.rows.get(host.number) ?? []) {
    for (let at = 0; at < rows.length && left > 0; at += ROW_FIELDS, left--) mine.add(rows, at);
  }
  const theirs = await model.audits.blocks(host.number, seq);
  return JSON.stringify(theirs) === JSON.stringify(mine.blocks())
    ? []
    : [`the books have other rows of ${host.name} than its disk had`];
}

async function* endOfLimits(world: World): AsyncIterable<string> {
  const { count, first } = await world.books.model.audits.usersOver();
  if (count > 0) yield `${count} users are over a limit in the books: ${JSON.stringify(first[0])}`;
  const { packetsPerUser, packetsPerSponsor } = world.event;
  const most = new Map<string, number>();
  for (const { host, user, sponsor, isLost } of world.witness.awards.values()) {
    if (isLost) continue;
    for (
      const [key, limit] of [[`${host} ${user}`, packetsPerUser], [
        `${host} ${user} ${sponsor}`,
        packetsPerSponsor,
      ]] as const
    ) {
      const count = (most.get(key) ?? 0) + 1;
      most.set(key, count);
      if (count === limit + 1) yield `host, user and sponsor ${key}: more than ${limit} awards`;
    }
  }
}

function* endOfOrder(world: World): Iterable<string> {
  const newest = world.show.newest?.document;
  if (newest === undefined) return;
  for (const { name, agent } of world.hosts) {
    const active = agent?.active?.document;
    if (active !== undefined && compareVersions(active, newest) > 0) {
      yield `${name} plays ${versionText(active)}, and the newest that was issued is ${versionText(newest)}`;
    }
  }
}

/** Awards that somebody who is there hasn't heard of. */
export function* endOfTold(world: World): Iterable<string> {
  const isHere = new Set(
    world.hosts.filter(({ lostWhy }) => lostWhy === undefined).map(({ number }) => number),
  );
  for (const [packetId, { host, user, isLost }] of world.witness.awards) {
    if (isLost || !isHere.has(host) || world.witness.told.has(packetId)) continue;
    yield `user ${user} was never told of packet ${packetId} at host ${host}`;
  }
}

async function* endOfProgress(world: World): AsyncIterable<string> {
  for (const what of await notAtRest(world)) yield what;
}

/** What isn't done yet; nothing when the world has come to rest. */
export async function notAtRest(world: World): Promise<string[]> {
  const { hosts, fleets, books: { model }, show } = world;
  const left: string[] = [];
  const here = hosts.filter(({ lostWhy }) => lostWhy === undefined);
  for (const host of here) {
    if (!host.isAwarding) left.push(`${host.name} awards nothing`);
    const seq = (await model.intake.cursor(host.number))?.seq ?? 0;
    if (seq !== host.disk.lastSeq()) left.push(`the books lack rows of ${host.name}`);
  }
  const lostUsers = (fleet: World["fleets"][number]) =>
    hosts.filter(({ lostWhy }) => lostWhy !== undefined).reduce(
      (sum, host) => sum + fleet.usersOf(host.address),
      0,
    );
  for (const [i, fleet] of fleets.entries()) {
    const wanted = fleet.users - lostUsers(fleet);
    const ready = fleet.total("usersReady");
    if (ready !== wanted) left.push(`${ready} of ${wanted} users of fleet ${i} are logged in`);
  }
  const { openings } = await model.intake.queue();
  if (openings > 0) left.push(`${openings} openings wait for settlement`);
  const { queued, sending, unknown } = await model.payments.queue();
  if (queued + sending + unknown > 0) left.push(`${queued + sending + unknown} payments aren't decided`);
  const newest = show.newest?.document;
  if (newest === undefined) left.push("no show was ever issued");
  for (const { name, agent } of here) {
    const active = agent?.active?.document;
    if (newest === undefined || newest.activateMs! > world.clock.wallMs()) continue;
    if (active === undefined || compareVersions(active, newest) < 0) {
      left.push(`${name} lacks ${versionText(newest)}`);
    }
  }
  return left;
}
