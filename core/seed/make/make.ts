import type { Random } from "../../base/random.ts";
import type { SigningKey } from "../file/keys.ts";
import type { Layout } from "../plan/layout.ts";
import type { Plan } from "../plan/plan_schema.ts";
import { SeedWriter } from "../file/seed_writer.ts";
import { WaveTape } from "./wave_tape.ts";

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
 * Makes the file of one host, ticket by ticket in the order of release, without holding a ticket.
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
    plan.waves.forEach((_, wave) => {
      const tape = new WaveTape(plan, wave, groups.filter((group) => group.wave === wave), random);
      for (let i = 0; i < tape.tickets; i++) {
        tape.draw();
        writer.add(tape.id, tape.amountFen, tape.dueMs, tape.sponsor, wave);
        if (i % STRIDE === STRIDE - 1) onProgress(STRIDE);
      }
      onProgress(tape.tickets % STRIDE);
    });
    writer.finish(parts.key);
  } catch (error) {
    writer.abandon();
    throw error;
  }
}
