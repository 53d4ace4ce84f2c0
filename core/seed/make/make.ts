import type { Random } from "../../base/random.ts";
import { amountDraw } from "./amount_draw.ts";
import { Curve } from "../plan/curve.ts";
import type { SigningKey } from "../file/keys.ts";
import type { Group, Layout } from "../plan/layout.ts";
import type { Plan } from "../plan/plan_schema.ts";
import { SeedWriter } from "../file/seed_writer.ts";
import { Urn } from "./urn.ts";

/** Tickets between two calls of `onProgress`. */
const STRIDE = 1 << 16;

/** What all files of a set have in common. */
export interface SetParts {
  readonly plan: Plan;
  /** As its author wrote it. */
  readonly planJson: unknown;
  readonly layout: Layout;
  /** 32 hexadecimal digits. */
  readonly set: string;
  readonly madeAt: string;
  readonly key: SigningKey | undefined;
}

/**
 * Makes the file of one host, ticket by ticket in the order of release. Which sponsor a ticket is of, and how much is in
 * it, is drawn without putting back, so that every sum is met without holding a ticket.
 *
 * @param onProgress called often, with the tickets since the last call
 * @throws what writing throws; nothing is left of the file then
 */
export function makeHostFile(
  parts: SetParts,
  host: number,
  path: string,
  random: Random,
  onProgress: (tickets: number) => void = () => {},
): void {
  const { plan, layout } = parts;
  const groups = layout.groupsOf(host);
  const records = groups.reduce((sum, { count }) => sum + count, 0);
  const writer = new SeedWriter(path, {
    set: parts.set,
    madeAt: parts.madeAt,
    host: { id: layout.hosts[host].id, index: host },
    groups: groups.map((group) => [
      group.wave,
      plan.sponsors[group.sponsor].number,
      group.firstId,
      group.count,
      group.amountFen,
    ]),
    greetings: layout.greetingsOf(host, plan.greetings),
    plan: parts.planJson,
  }, records);
  try {
    plan.waves.forEach((_, wave) =>
      drawWave(plan, wave, groups.filter((group) => group.wave === wave), writer, random, onProgress)
    );
    writer.finish(parts.key);
  } catch (error) {
    writer.abandon();
    throw error;
  }
}

function drawWave(
  plan: Plan,
  wave: number,
  groups: readonly Group[],
  writer: SeedWriter,
  random: Random,
  onProgress: (tickets: number) => void,
): void {
  const lengthMs = plan.waves[wave].lengthS * 1000;
  const curve = new Curve(plan.waves[wave].curve);
  const urn = new Urn(groups.map(({ count }) => count));
  const draws = groups.map(({ sponsor, ofEach, count, amountFen }) =>
    amountDraw(plan.sponsors[sponsor].amounts, ofEach, count, amountFen)
  );
  const nextIds = Float64Array.from(groups, ({ firstId }) => firstId);
  const sponsors = Uint16Array.from(groups, ({ sponsor }) => plan.sponsors[sponsor].number);
  const tickets = urn.left;
  for (let i = 0; i < tickets; i++) {
    const group = urn.draw(random);
    // In the middle of its share of time: a wave's first ticket is not due before a part of the wave is over.
    const dueMs = Math.min(lengthMs - 1, Math.floor(lengthMs * curve.timeOf((i + 0.5) / tickets)));
    writer.add(nextIds[group]++, draws[group].next(random), dueMs, sponsors[group], wave);
    if (i % STRIDE === STRIDE - 1) onProgress(STRIDE);
  }
  onProgress(tickets % STRIDE);
}
