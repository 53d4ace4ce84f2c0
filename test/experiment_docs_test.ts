/** The commands of the pages on plans and on the article's numbers are commands: each is read by the program itself. */
import assert from "node:assert/strict";
import { builtIn } from "../plugins/built_in.ts";
import { redpkt } from "./processes.ts";

const PAGES = ["docs/plan.md", "docs/experiment.md"];
/** A flag that no command has: with it, all mistakes are told and nothing is started. */
const WRONG = "--no-such-flag-at-all";

function commandsOf(page: string): string[][] {
  const text = Deno.readTextFileSync(new URL(`../${page}`, import.meta.url));
  const lines = [
    ...[...text.matchAll(/^ {4}redpkt (.*)$/gm)].map(([, rest]) => rest),
    ...[...text.matchAll(/`redpkt ([^`]+)`/g)].map(([, rest]) => rest),
  ];
  return lines.map((line) => line.replace(/ #.*$/, "").trim().split(/\s+/))
    // Prose may name a command without what it needs.
    .filter(({ length }, i) => length > 1 || lines[i] === "plan");
}

for (const page of PAGES) {
  Deno.test(`every command of ${page} is read without a mistake`, async () => {
    const commands = commandsOf(page);
    assert.ok(commands.length > 5, `${commands.length} commands`);
    for (const args of commands) {
      const { code, stderr } = await redpkt([...args, WRONG]);
      const told = stderr.trim().split("\n");
      assert.equal(code, 2, `redpkt ${args.join(" ")}: ${stderr}`);
      assert.equal(told.length, 1, `redpkt ${args.join(" ")}: ${stderr}`);
      assert.ok(told[0].includes(WRONG), stderr);
      if (args[0] === "rehearse") assert.ok(args[1] in builtIn.scenarios, args.join(" "));
    }
  });
}
