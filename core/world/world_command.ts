import { ExitCode } from "../base/user_error.ts";
import type { Command } from "../cli/command/command.ts";
import { helpText } from "../cli/command/help_text.ts";
import { replayCommand } from "./replay/replay_command.ts";

/** `redpkt world`: an event in virtual time. */
export const command: Command = {
  form: {
    name: "world",
    about: "Plays a whole event in virtual time, through the code of its hosts.",
    flags: {},
    actions: { "--replay": replayCommand.form },
    examples: replayCommand.form.examples,
  },
  async run(host, args) {
    const others = args.filter((arg) => arg !== "--replay");
    if (others.length < args.length) return await replayCommand.run(host, others);
    host.out(helpText(host, command.form));
    return args.length === 0 ? ExitCode.usage : ExitCode.ok;
  },
};
