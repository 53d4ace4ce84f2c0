import { awardStateName } from "../../books/account/award_state.ts";
import { INVARIANT_NAMES } from "../watch/invariant_names.ts";
import { endOfTold, INVARIANTS, notAtRest } from "./invariants.ts";
import type { Violation } from "../watch/witness.ts";
import { faultName, type WorldPlan } from "../plan/world_plan.ts";
import { planFaults } from "./faults.ts";
import { World, type WorldOptions } from "./world.ts";

/** How often something is looked at while the world goes on, in virtual time. */
const LOOK_MS = 1_000;
/** How long after the event everything has to come to rest. */
const REST_MS = 120_000;
/** What isn't told is told again at a login at the latest: so long the last awards need. */
const QUIET_MS = 3_000;

/** Where the event's money went, and what was lost. */
export interface WorldSums {
  readonly putInFen: number;
  readonly awards: number;
  readonly awardedFen: number;
  readonly told: number;
  readonly opened: number;
  readonly paid: number;
  readonly paidFen: number;
  /** By state in the books. */
  readonly states: Readonly<Record<string, number>>;
  /** Awards that went with a disk, before the books had them; and those of them that somebody had heard of. */
  readonly lostAwards: number;
  readonly lostFen: number;
  readonly lostTold: number;
  readonly shakes: number;
  readonly deaths: number;
  readonly documents: number;
  readonly refusals: number;
}

export interface WorldResult {
  readonly plan: WorldPlan;
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly events: number;
  readonly turns: number;
  /** Virtual time in all, until the last payment. */
  readonly tookMs: number;
  readonly sums: WorldSums;
  readonly log: readonly { readonly atMs: number; readonly what: string }[];
  readonly hostsLost: number;
}

/** Told now and then how far a world is: virtual ms, of all. */
export type OnWorld = (atMs: number, ofMs: number) => void;

/** Runs a world to its end, or to the first broken promise. */
export async function runWorld(
  plan: WorldPlan,
  options: WorldOptions,
  onWorld: OnWorld = () => {},
): Promise<WorldResult> {
  using world = new World(plan, options);
  const { time, witness } = world;
  planFaults(world);
  world.start();
  const isOver = () => witness.violations.length > 0;
  for (let look = 0; time.nowMs < world.lengthMs && !isOver(); look++) {
    await time.pass(Math.min(world.lengthMs, time.nowMs + LOOK_MS), isOver);
    lookAt(world, look);
    onWorld(time.nowMs, world.lengthMs);
  }
  if (!isOver()) await rest(world);
  if (!isOver()) await world.stop();
  if (!isOver()) await prove(world);
  return await resultOf(world);
}

function lookAt(world: World, look: number): void {
  for (const name of INVARIANT_NAMES) {
    for (const what of INVARIANTS[name].look?.(world, look) ?? []) world.witness.broken(name, what);
  }
}

/** Lets the world go on until nothing is left to be done. */
async function rest(world: World): Promise<void> {
  const { time, witness } = world;
  const untilMs = time.nowMs + REST_MS;
  for (let quietMs = 0; quietMs < QUIET_MS && time.nowMs < untilMs && witness.violations.length === 0;) {
    await time.pass(time.nowMs + LOOK_MS);
    const isQuiet = (await notAtRest(world)).length === 0 && [...endOfTold(world)].length === 0;
    quietMs = isQuiet ? quietMs + LOOK_MS : 0;
  }
}

async function prove(world: World): Promise<void> {
  // What is still under way makes no sums, so that the rest could be proven of it.
  for await (const what of INVARIANTS.progress.end!(world)) world.witness.broken("progress", what);
  if (world.witness.violations.length > 0) return;
  for (const name of INVARIANT_NAMES) {
    for await (const what of INVARIANTS[name].end?.(world) ?? []) world.witness.broken(name, what);
  }
}

async function resultOf(world: World): Promise<WorldResult> {
  const { witness, books: { model }, network, gateway, plan, show } = world;
  const states: Record<string, number> = {};
  for await (const awards of model.statements.awards()) {
    for (const { state } of awards) states[awardStateName(state)] = (states[awardStateName(state)] ?? 0) + 1;
  }
  const cursors = new Map((await model.intake.hosts()).map(({ host, seq }) => [host, seq]));
  const awards = [...witness.awards];
  const lost = awards.filter(([, { isLost, host, seq }]) => isLost && seq > (cursors.get(host) ?? 0));
  const fen = (some: typeof awards) => some.reduce((sum, [, award]) => sum + award.fen, 0);
  const { paid, paidFen } = gateway.store.sums();
  const total = (name: string) => world.fleets.reduce((sum, fleet) => sum + fleet.total(name), 0);
  return {
    plan,
    violations: witness.violations,
    hash: String(network.traceHash),
    events: network.traceHash.events,
    turns: network.agenda.turns,
    tookMs: world.time.nowMs,
    hostsLost: world.hosts.filter(({ lostWhy }) => lostWhy !== undefined).length,
    log: world.log,
    sums: {
      putInFen: world.seedPlan.sponsors.reduce((sum, { budgetFen }) => sum + budgetFen, 0),
      awards: awards.length,
      awardedFen: fen(awards),
      told: witness.told.size,
      opened: awards.filter(([, { isOpen }]) => isOpen).length,
      paid,
      paidFen,
      states,
      lostAwards: lost.length,
      lostFen: fen(lost),
      lostTold: lost.filter(([packetId]) => witness.told.has(packetId)).length,
      shakes: total("shakesAnswered"),
      deaths: world.hosts.reduce((sum, { deaths }) => sum + deaths, 0),
      documents: show.done,
      refusals: show.refused,
    },
  };
}

/** The command that runs the same world again. */
export function commandLineOf({ seed, hosts, users, minutes, faults }: WorldPlan): string {
  const names = faults.length === 0 ? "none" : faults.map(faultName).join(",");
  return `redpkt world --seed ${seed} --hosts ${hosts} --users ${users} --minutes ${minutes} --faults ${names}`;
}
