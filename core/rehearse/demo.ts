import { commandOf } from "../cli/command/command.ts";
import { rehearse, REHEARSE_FLAGS } from "./rehearse.ts";
import { loadScenario } from "./measure/scenario.ts";

/** `redpkt demo`: `redpkt rehearse gala`, at rates that fit the machine. */
export const command = commandOf({
  name: "demo",
  about:
    "Measures for some seconds what this machine can do, then plays redpkt rehearse gala at rates that fit it.",
  flags: REHEARSE_FLAGS,
  examples: [
    { line: "redpkt demo", shows: "a whole event on this machine, in about a minute" },
    { line: "redpkt demo --web 127.0.0.1:8989", shows: "the same, with a page to look at" },
  ],
}, async (host, values) => rehearse(host, await loadScenario("gala", host.program), values, true));
