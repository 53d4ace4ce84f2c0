import { UserError } from "../../base/user_error.ts";
import type { SigningKey } from "../../seed/file/keys.ts";
import type { Plan } from "../../seed/plan/plan_schema.ts";
import { type PlannedWave, versionText } from "../document.ts";
import { contentOf, firstContent, type ShowContent } from "../edits.ts";
import { approvePlan, type SignedShow } from "../signed.ts";
import type { ConsoleFolder } from "./console_folder.ts";
import type { Director } from "./director.ts";
import type { ShowConsole } from "./show_console.ts";

/** The waves of a plan of money, as a show plays them. @throws UserError for a wave that isn't there */
export function plannedWaves({ waves }: Pick<Plan, "waves">, needsGo: readonly string[]): PlannedWave[] {
  const strange = needsGo.filter((name) => !waves.some((wave) => wave.name === name));
  if (strange.length > 0) {
    const names = waves.map(({ name }) => name).join(", ");
    throw new UserError(
      strange.map((name) => `--needs-go ${name}: there is no such wave: ${names}`).join("\n"),
    );
  }
  return waves.map(({ name, start, lengthS }) => ({
    name,
    startMs: start,
    lengthMs: lengthS * 1_000,
    needsGo: needsGo.includes(name),
    isCut: false,
    resource: null,
  }));
}

/** What a console begins with: a show of its own, or another console's. */
export interface Beginning {
  readonly content: ShowContent;
  readonly approvals: SignedShow["document"]["approvals"];
  readonly epoch: number;
  readonly number: number;
  /** What waits for its time goes on waiting. */
  readonly atMs: number | undefined;
}

/**
 * A new show.
 *
 * @throws UserError if there is one already
 */
export function newShow(
  folder: ConsoleFolder,
  director: Director,
  event: string,
  waves: readonly PlannedWave[],
  keys: readonly SigningKey[],
  safe: ShowContent["plan"]["protected"],
): Beginning {
  const { newest } = director;
  if (folder.state !== undefined) {
    throw new UserError(
      `--console ${folder.path}: holds a show already. Begin another one in an empty folder`,
    );
  }
  if (newest !== undefined) {
    throw new UserError(
      `event ${event} has a show already: ${
        versionText(newest.document)
      }. To direct it from here: redpkt show takeover`,
    );
  }
  const content = firstContent(event, waves, safe);
  return {
    content,
    approvals: keys.map((key) => approvePlan(content, key)),
    epoch: 1,
    number: 0,
    atMs: undefined,
  };
}

/**
 * The show as any path or this console has it newest, under a higher epoch.
 *
 * @throws UserError if nobody has one
 */
export function takenOver(console: ShowConsole, director: Director, nowMs: number): Beginning {
  const own = console.own();
  const { newest } = director;
  const found = newest ?? own;
  if (found === undefined) {
    throw new UserError(
      "takeover: no path has a document. Give the paths that hosts have (--bus), or begin a show: redpkt show init",
    );
  }
  const { epoch, approvals, activateMs } = found.document;
  return {
    content: contentOf(found.document),
    approvals,
    epoch: Math.max(epoch, own?.document.epoch ?? 0) + 1,
    number: 0,
    atMs: activateMs! > nowMs ? activateMs! : undefined,
  };
}
