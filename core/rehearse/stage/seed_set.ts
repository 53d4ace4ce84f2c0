import { UserError } from "../../base/user_error.ts";
import { Random, systemSeed } from "../../base/random.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import { Layout } from "../../seed/plan/layout.ts";
import { makeHostFile } from "../../seed/make/make.ts";
import { drawPlan } from "../../seed/plan/picture.ts";
import { parsePlan } from "../../seed/plan/plan.ts";
import type { PlanInput } from "../../seed/plan/plan_schema.ts";
import { drawSetId } from "../../seed/make/set_id.ts";

/** How far away the waves are while they wait for their cues. */
const AWAY_MS = 365 * 86_400_000;

/** The tickets of a rehearsal: made for it, signed by a key of its own, for its one host. */
export interface SeedSet {
  readonly folder: string;
  readonly keys: string;
  /** The plan as it was made, with its waves far away. */
  readonly plan: string;
  /** What the server is told of it. */
  readonly serverFlags: readonly string[];
}

/**
 * Makes a scenario's tickets. Its waves are put far away: a phase with a wave of its name calls it.
 *
 * @param planJson as the scenario has it; checked here
 * @param folder where seeds and keys go, in folders of their own
 * @throws UserError if the plan is wrong, or for more than one host
 */
export function makeSeedSet(planJson: unknown, folder: string, wallMs: number): SeedSet {
  parsePlan(planJson, "plan");
  const written = structuredClone(planJson) as PlanInput;
  const shiftMs = wallMs + AWAY_MS - Date.parse(written.waves[0].start);
  const shift = (time: string) => new Date(Date.parse(time) + shiftMs).toISOString();
  written.expires = shift(written.expires);
  for (const wave of written.waves) wave.start = shift(wave.start);
  const plan = parsePlan(written, "plan");
  // A director plays it as it is then, not as the scenario has it.
  const planPath = `${folder}/plan.json`;
  Deno.writeTextFileSync(planPath, JSON.stringify(written, null, 2));
  const layout = new Layout(plan);
  if (layout.hosts.length !== 1) throw new UserError("plan: hosts: a rehearsal has one host");
  const keys = new KeyFolder(`${folder}/keys`);
  keys.make(false);
  const seeds = `${folder}/seeds`;
  Deno.mkdirSync(seeds);
  const random = new Random(systemSeed());
  const [{ id }] = layout.hosts;
  const path = `${seeds}/${id}.seed`;
  makeHostFile(
    {
      plan,
      planJson: written,
      layout,
      set: drawSetId(random),
      madeAt: new Date(wallMs).toISOString(),
      key: keys.signing(),
    },
    0,
    path,
    random,
  );
  Deno.writeTextFileSync(`${seeds}/plan.svg`, drawPlan(plan));
  return {
    folder: seeds,
    keys: keys.path,
    plan: planPath,
    serverFlags: ["--seed", path, "--host-id", id, "--seed-keys", keys.path, "--claims", `${folder}/claims`],
  };
}
