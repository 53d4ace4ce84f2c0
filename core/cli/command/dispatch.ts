import { isDatabaseDamage } from "../../base/database_damage.ts";
import { didYouMean } from "../../base/did_you_mean.ts";
import type { Command } from "./command.ts";
import { quieted } from "./everywhere.ts";
import type { Host } from "../host.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";

/** Subcommands by name, those of a group together; each is loaded only when it is used. */
export type CommandTable = Readonly<Record<string, CommandEntry>>;

interface CommandEntry {
  /** Under which heading the list of commands has it. */
  readonly group: string;
  readonly summary: string;
  load(): Promise<{ command: Command }>;
}

/**
 * Runs the subcommand that the first argument names.
 *
 * @returns the exit code
 */
export async function dispatch(host: Host, commands: CommandTable, version: string): Promise<number> {
  // `help server` asks for what `server --help` shows.
  const asked = host.args[0] === "help" && host.args[1] !== undefined
    ? [...host.args.slice(1), "--help"]
    : host.args;
  const [name, ...args] = asked;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    host.out(overview(commands, version));
    return name === undefined ? ExitCode.usage : ExitCode.ok;
  }
  if (name === "version" || name === "--version" || name === "-V") {
    host.out(`redpkt ${version}\n`);
    return ExitCode.ok;
  }
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) {
    host.err(`redpkt: ${name}: no such command.${didYouMean(name, Object.keys(commands))} See redpkt help\n`);
    return ExitCode.usage;
  }
  try {
    const { command } = await entry.load();
    const asked = quieted(host, args);
    return await command.run(asked.host, asked.args);
  } catch (error) {
    const told = error instanceof UserError ? error : damageOf(error);
    if (told === undefined) throw error;
    // The number of a system's error says nothing to people beside its words.
    const lines = told.message.replaceAll(/ \(os error \d+\)/g, "").split("\n");
    for (const line of lines) host.err(`redpkt ${name}: ${line}\n`);
    return told.exitCode;
  }
}

/** What a command says of a damaged database that it reads. */
function damageOf(error: unknown): UserError | undefined {
  if (!isDatabaseDamage(error)) return undefined;
  return new UserError(
    `${error.message}. Of a ledger, redpkt ledger check DIR says what is damaged`,
    ExitCode.diskFailed,
  );
}

function overview(commands: CommandTable, version: string): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const byGroup = Map.groupBy(Object.entries(commands), ([, { group }]) => group);
  const lists = [...byGroup].map(([group, entries]) =>
    `${group}:\n${entries.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`).join("")}`
  );
  return `redpkt ${version}: rehearse and run a mass red packet giveaway\n\n` +
    `Usage: redpkt COMMAND [FLAGS]\n\n${
      lists.join("\n")
    }\nredpkt COMMAND --help shows a command's flags and examples.\n`;
}
