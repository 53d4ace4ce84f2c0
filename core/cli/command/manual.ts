import { ExitCode, UserError } from "../../base/user_error.ts";
import { z } from "zod";
import { didYouMean } from "../../base/did_you_mean.ts";
import { VERSION } from "../../base/version.ts";
import { flag, type Flags } from "../flags.ts";
import type { Program } from "../host.ts";
import { allForms, type NamedForm } from "./all_forms.ts";
import { type Command, commandOf } from "./command.ts";
import type { CommandTable } from "./dispatch.ts";
import { variableOf } from "./environment.ts";
import { helpContent } from "./help_text.ts";

const FLAGS = {
  to: flag("man|markdown", "format", z.enum(["man", "markdown"]).default("man")),
} satisfies Flags;

/** `redpkt man [COMMAND]`: what `--help` says of a command, as a manual page; of all commands, as one page. */
export function manualCommand(commands: CommandTable): Command {
  return commandOf({
    name: "man",
    about:
      "Prints the manual page of a command, or of all of them. Look at it with: redpkt man server | man -l -",
    takes: "[COMMAND]",
    flags: FLAGS,
    examples: [
      { line: "redpkt man server", shows: "the manual page of redpkt server" },
      { line: "redpkt man --to markdown", shows: "docs/cli.md" },
    ],
  }, async ({ out, program }, { to }, operands) => {
    const all = await allForms(commands);
    const name = operands.join(" ");
    const chosen = name === "" ? all : all.filter(({ form }) => form.name === name);
    if (chosen.length === 0) {
      throw new UserError(`${name}: no such command.${didYouMean(name, all.map(({ form }) => form.name))}`);
    }
    out(to === "man" ? manualPage(program, name, chosen) : markdown(program, chosen));
    return ExitCode.ok;
  });
}

/** A line of troff: what would be read as an order is shown as it is. */
function troff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll(/^(?=[.'])/gm, "\\&");
}

function manualPage(program: Program, name: string, forms: readonly NamedForm[]): string {
  const title = ["redpkt", ...name.split(" ")].filter((word) => word !== "").join("-");
  const heading = (
    text: string,
  ) => (name === "" ? `.SS ${troff(text)}\n` : `.SH ${troff(text.toUpperCase())}\n`);
  const pages = forms.map(({ form }) => {
    const { usage, about, groups, examples } = helpContent(program, form);
    const rows = groups.map(([group, entries]) =>
      heading(group) + entries.map(([left, right]) => `.TP\n.B ${troff(left)}\n${troff(right)}\n`).join("")
    );
    const shown = examples.map(({ line, shows }) => `.TP\n.B ${troff(line)}\n${troff(shows)}\n`).join("");
    return (name === "" ? `.SH ${troff(form.name.toUpperCase())}\n` : heading("synopsis")) +
      `.B ${troff(usage)}\n` + (name === "" ? ".PP\n" : heading("description")) +
      `${troff(about).replaceAll("\n\n", "\n.PP\n")}\n${rows.join("")}` +
      (shown === "" ? "" : heading("examples") + shown);
  });
  const what = name === ""
    ? "rehearse and run a mass red packet giveaway"
    : forms[0].summary ?? "an action of redpkt";
  return `.TH ${title.toUpperCase()} 1 "" "redpkt ${VERSION}"\n.SH NAME\n${troff(title)} \\- ${
    troff(what)
  }\n` +
    `${pages.join("")}.SH ENVIRONMENT\n${troff(environmentText(forms[0].form.name))}\n`;
}

function environmentText(command: string): string {
  return `Each flag may stand in the environment, as ${
    variableOf(command, "FLAG")
  }; the command line goes before it.`;
}

function markdown(program: Program, forms: readonly NamedForm[]): string {
  const sections = forms.map(({ form }) => {
    const { usage, about, groups, examples } = helpContent(program, form);
    // What every command takes is said once.
    const own = groups.filter(([group]) => group !== "Everywhere");
    const tables = own.map(([group, rows]) =>
      `| ${group} | |\n| --- | --- |\n${
        rows.map(([left, right]) => `| \`${cell(left)}\` | ${cell(right)} |\n`).join("")
      }`
    );
    const shown = examples.map(({ line, shows }) => `# ${shows}\n${line}\n`).join("");
    return `${form.name.includes(" ") ? "###" : "##"} redpkt ${form.name}\n\n` +
      `${about}\n\n\`${usage}\`\n\n${tables.join("\n")}\n\`\`\`sh\n${shown}\`\`\`\n`;
  });
  const everywhere = helpContent(program, forms[0].form).groups.find(([group]) => group === "Everywhere")![1];
  return `# The command line

Made by \`deno task cli\` of what the commands declare; \`redpkt COMMAND --help\` says the same.

Each flag may stand in the environment: \`--port\` of \`redpkt server\` is \`${
    variableOf("server", "port")
  }\`, an action's is
like \`${
    variableOf("seed make", "out")
  }\`. A switch is \`1\` or \`0\`, and spaces stand between the values of a flag that may be
repeated. The command line goes before the environment, and that before a config file. A variable that begins like a
command's and is none of its flags is refused.

Every command takes these besides, as \`${variableOf("log-level")}\` in the environment:

| Everywhere | |
| --- | --- |
${everywhere.map(([left, right]) => `| \`${cell(left)}\` | ${cell(right)} |\n`).join("")}
${sections.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
