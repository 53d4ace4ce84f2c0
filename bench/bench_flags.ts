import { type Flags, type FlagValues, parseFlags } from "../core/cli/flags.ts";
import { toolHelp } from "../core/cli/command/help_text.ts";
import { UserError } from "../core/base/user_error.ts";

/**
 * The flags of a bench, as this process was given them. With `--help` it says what there is and ends; a mistake is told
 * in a line, with exit code 2.
 *
 * @param command how a user starts it, such as `deno task bench:seed`
 */
export function benchFlags<F extends Flags>(command: string, about: string, flags: F): FlagValues<F> {
  try {
    const { values, wantsHelp } = parseFlags(Deno.args, flags);
    if (!wantsHelp) return values;
    console.log(toolHelp(`${command} [FLAGS]`, about, flags));
    Deno.exit(0);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    console.error(error.message);
    Deno.exit(error.exitCode);
  }
}
