import { ExitCode, UserError } from "../base/user_error.ts";
import type { Command } from "../cli/host.ts";
import { replayHelp, runReplay } from "./replay/replay_command.ts";

/** `redpkt world`: an event in virtual time. */
export const command: Command = {
  summary: "plays a whole event in virtual time",
  async run(host, args) {
    if (args.includes("--replay")) return await runReplay(host, args);
    if (!args.includes("--help")) throw new UserError("say what is played: redpkt world --replay");
    host.out(replayHelp());
    return ExitCode.ok;
  },
};
