import { helpText, parseFlags } from "../cli/flags.ts";
import type { Command } from "../cli/host.ts";
import { ExitCode, UserError } from "../base/user_error.ts";
import { rehearse, REHEARSE_FLAGS } from "./rehearse.ts";
import { loadScenario } from "./measure/scenario.ts";

const ABOUT =
  "Measures for some seconds what this machine can do, then plays redpkt rehearse gala at rates that fit it.";

/** `redpkt demo`: `redpkt rehearse gala`, at rates that fit the machine. */
export const command: Command = {
  summary: "rehearses the gala on this machine",
  async run(host, args) {
    const { values, operands, wantsHelp } = parseFlags(args, REHEARSE_FLAGS);
    if (wantsHelp) {
      host.out(helpText("redpkt demo [FLAGS]", ABOUT, REHEARSE_FLAGS));
      return ExitCode.ok;
    }
    if (operands.length > 0) throw new UserError(`${operands.join(" ")}: redpkt demo takes flags only`);
    return await rehearse(host, await loadScenario("gala", host.program), values, true);
  },
};
