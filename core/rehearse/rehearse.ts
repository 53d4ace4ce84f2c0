import { decimalNumber, flag, type Flags, type FlagValues, listFlag, wholeNumber } from "../cli/flags.ts";
import { commandOf } from "../cli/command/command.ts";
import type { Host } from "../cli/host.ts";
import { JSON_FLAG } from "../cli/json_output.ts";
import { UserError } from "../base/user_error.ts";
import { httpAddress } from "../admin/http_address.ts";
import { chooseEngine, ENGINE_CHOICES } from "../engine/choose.ts";
import { z } from "zod";
import { rehearseBooks } from "./books/books_rehearsal.ts";
import type { BooksStageOptions } from "./books/books_stage.ts";
import { rehearseHosts } from "./hosts/hosts_rehearsal.ts";
import { Interruption } from "./interruption.ts";
import { makeRunFolder, Rehearsal } from "./rehearsal.ts";
import { RehearsalBroken } from "./run.ts";
import { type FullScenario, loadScenario } from "./measure/scenario.ts";

const MAX_HOURS = 720;

export const REHEARSE_FLAGS = {
  users: flag(
    "N",
    "users, 0 for as many as the scenario wants and descriptors allow",
    wholeNumber(0, 10_000_000).default(0),
  ),
  engine: flag(
    "NAME",
    `how bytes move: ${ENGINE_CHOICES.join(", ")}`,
    z.enum(ENGINE_CHOICES).default("auto"),
  ),
  "server-workers": flag(
    "N",
    "threads of the server, 0 for half of the cores",
    wholeNumber(0, 256).default(0),
  ),
  "client-workers": flag(
    "N",
    "threads of the fleet, 0 for half of the cores",
    wholeNumber(0, 256).default(0),
  ),
  "server-flag": listFlag("FLAG=VALUE", "a further flag for the server, such as --set=PLUGIN.KEY=VALUE"),
  hours: flag(
    "N",
    "plays the longest phase for so many hours, 0 as the scenario says",
    decimalNumber(0, MAX_HOURS).default(0),
  ),
  out: flag("DIR", "folder for the results", z.string().default("out")),
  web: flag(
    "HOST:PORT",
    "shows a page while it runs, port 0 for any free one",
    httpAddress("127.0.0.1:8989").optional(),
  ),
  json: JSON_FLAG,
} satisfies Flags;

/** The values of the flags. */
export type RehearseOptions = FlagValues<typeof REHEARSE_FLAGS>;

/** `redpkt rehearse SCENARIO`: a whole event, and a verdict. */
export const command = commandOf({
  name: "rehearse",
  about: ({ scenarios }) =>
    "Runs a whole event on this machine: a server, a fleet, phases, thresholds, a verdict.\n" +
    `Scenarios: ${Object.keys(scenarios).join(", ")}, or a file of your own.`,
  takes: "SCENARIO",
  flags: REHEARSE_FLAGS,
  examples: [
    {
      line: "redpkt rehearse gala",
      shows: "the evening of 2015, scaled to one machine; exit code 1 if it fails",
    },
    { line: "redpkt rehearse ./my_scenario.ts --users 5000", shows: "a scenario of your own" },
  ],
}, async (host, values, operands) => {
  if (operands.length !== 1) {
    const names = Object.keys(host.program.scenarios).join(", ");
    throw new UserError(`give one scenario: ${names}, or the path of your own, such as ./my_scenario.ts`);
  }
  const scenario = await loadScenario(operands[0], host.program);
  return await rehearse(host, stretched(scenario, values.hours), values);
});

/** A scenario whose longest phase goes on for so many hours; 0 hours: as it is. */
function stretched(scenario: FullScenario, hours: number): FullScenario {
  if (hours === 0) return scenario;
  const longest = scenario.phases.toSorted((a, b) => b.seconds - a.seconds)[0];
  const seconds = Math.max(1, Math.round(hours * 3_600));
  return {
    ...scenario,
    phases: scenario.phases.map((phase) => phase === longest ? { ...phase, seconds } : phase),
  };
}

/**
 * Runs a scenario and returns the exit code.
 *
 * @param isFitted whether it is played at the rates that this machine can do, instead of its own
 */
export async function rehearse(
  host: Host,
  scenario: FullScenario,
  options: RehearseOptions,
  isFitted = false,
): Promise<number> {
  using interruption = new Interruption(host);
  try {
    if (scenario.books !== undefined) {
      return await rehearseBooks(
        host,
        scenario,
        scenario.books,
        smallStage(host, scenario, options, interruption),
      );
    }
    if (scenario.hosts !== undefined) {
      const stage = smallStage(host, scenario, options, interruption);
      return await rehearseHosts(host, scenario, scenario.hosts, stage);
    }
    return await new Rehearsal(host, options, interruption.signal).run(scenario, isFitted);
  } catch (error) {
    // While processes are starting, a terminal's Ctrl-C ends them too, and they say so first.
    const cause = interruption.signal.aborted ? interruption.signal.reason : error;
    if (!(cause instanceof RehearsalBroken)) throw cause;
    host.err(`redpkt: the rehearsal broke off: ${cause.message}\n`);
    return cause.exitCode;
  }
}

/** Where a rehearsal of books or of many hosts is played, and its headline. */
function smallStage(
  host: Host,
  { name, about, users: wanted }: FullScenario,
  { users, engine, out, json }: RehearseOptions,
  { signal }: Interruption,
): BooksStageOptions & { readonly isJson: boolean } {
  const folder = makeRunFolder(out, host.clock.wallMs());
  const options = {
    folder,
    users: users || wanted,
    engine: chooseEngine(engine, () => {}),
    signal,
    isJson: json,
  };
  (json ? host.err : host.out)(`${name}: ${about}\n${options.users} users on engine ${options.engine}\n\n`);
  return options;
}
