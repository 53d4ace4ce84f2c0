import { didYouMean } from "../../base/did_you_mean.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { environmentFlags } from "./environment.ts";
import { type Flags, type FlagSource, type FlagValues, type ReadFlags, readFlags } from "../flags.ts";
import { helpText } from "./help_text.ts";
import type { Host, Program } from "../host.ts";

/** A line that a user may type, and what it is for. */
export interface Example {
  readonly line: string;
  readonly shows: string;
}

/** How a command is called: its help, completion, manual page and docs/cli.md are made of this, and its flags are read by it. */
export interface CommandForm<F extends Flags = Flags> {
  /** Behind `redpkt`, such as `seed make`. */
  readonly name: string;
  readonly about: string | ((program: Program) => string);
  /** What it takes besides flags, such as `FOLDER [FOLDER]`; absent: nothing. */
  readonly takes?: string;
  /** What the first of that may be, and what each does: actions that share the flags. */
  readonly words?: Readonly<Record<string, string>>;
  readonly flags: F;
  readonly examples: readonly Example[];
  /** Actions with flags of their own, by their name. */
  readonly actions?: Readonly<Record<string, CommandForm>>;
}

/** A subcommand of `redpkt`. */
export interface Command {
  readonly form: CommandForm;
  /** Runs to the end and returns the exit code; throws `UserError` for a user's mistake. */
  run(host: Host, args: readonly string[]): Promise<number>;
}

/** What a command does with its flags and operands. */
export type Run<F extends Flags> = (
  host: Host,
  values: FlagValues<F>,
  operands: readonly string[],
) => number | Promise<number>;

/**
 * A command whose flags are read, and all faults told at once, before it runs.
 *
 * @param check what is wrong with flags that go badly together, a line each; those that are wrong themselves are absent
 */
export function commandOf<F extends Flags>(
  form: CommandForm<F>,
  run: Run<F>,
  check: (values: Partial<FlagValues<F>>) => string[] = () => [],
): Command {
  return {
    form,
    async run(host, args) {
      const given = readCommand(host, form, args);
      if (given === undefined) return ExitCode.ok;
      given.problems.push(...check(given.values));
      if (given.problems.length > 0) throw new UserError(given.problems.join("\n"));
      return await run(host, given.values as FlagValues<F>, given.operands);
    },
  };
}

/**
 * A command of commands: the first argument says which. One that is none of them goes to the command itself.
 *
 * @param itself what it does without an action; absent: one must be given
 */
export function commandOfActions(
  form: Omit<CommandForm, "flags" | "actions"> & { readonly flags?: Flags },
  actions: Readonly<Record<string, Command>>,
  itself?: Command["run"],
): Command {
  const forms = Object.fromEntries(Object.entries(actions).map(([name, { form }]) => [name, form]));
  const whole: CommandForm = { flags: {}, ...form, actions: forms };
  return {
    form: whole,
    async run(host, args) {
      const [action = "--help", ...rest] = args;
      if (Object.hasOwn(actions, action)) return await actions[action].run(host, rest);
      if (itself !== undefined) return await itself(host, args);
      if (action === "help" || action === "--help" || action === "-h") {
        host.out(helpText(host, whole));
        return args.length === 0 ? ExitCode.usage : ExitCode.ok;
      }
      const hint = didYouMean(action, Object.keys(actions));
      throw new UserError(`${action}: no such action.${hint} See redpkt ${form.name} help`);
    },
  };
}

/** What to throw when a command has no such action. */
export function noSuchAction(action: string, names: readonly string[]): UserError {
  return new UserError(
    `${action}: no such action.${didYouMean(action, names)} There are ${names.join(", ")}`,
  );
}

/**
 * Reads a command's flags from the command line, the environment and then `file`, and shows its help if that is wanted.
 *
 * @returns undefined if help was shown
 */
export function readCommand<F extends Flags>(
  host: Host,
  form: CommandForm<F>,
  args: readonly string[],
  file?: FlagSource,
): ReadFlags<F> | undefined {
  const environment = environmentFlags(host, form);
  const given = readFlags(args, form.flags, [environment, ...file === undefined ? [] : [file]]);
  if (given.wantsHelp) {
    host.out(helpText(host, form));
    return undefined;
  }
  if (form.takes === undefined && given.operands.length > 0) {
    given.problems.push(`${given.operands.join(" ")}: redpkt ${form.name} takes flags only`);
  }
  return given;
}
