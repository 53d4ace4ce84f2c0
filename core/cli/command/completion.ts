import { ExitCode, UserError } from "../../base/user_error.ts";
import { choicesOf } from "../flags.ts";
import { allForms } from "./all_forms.ts";
import { type Command, commandOf } from "./command.ts";
import type { CommandTable } from "./dispatch.ts";
import { EVERYWHERE } from "./everywhere.ts";

/** What a shell may offer: words behind a command, and behind a flag of it. */
interface Offers {
  /** As they are typed, such as `seed make`. */
  readonly command: string;
  readonly summary: string;
  /** Flags and actions, with what they mean. */
  readonly words: readonly (readonly [word: string, meaning: string])[];
  /** What a flag takes; empty for a file, a number or the like. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
}

const SHELLS: Readonly<Record<string, (offers: readonly Offers[]) => string>> = { bash, zsh, fish };

/** `redpkt completion SHELL`: what makes a shell complete redpkt's commands and flags. */
export function completionCommand(commands: CommandTable): Command {
  return commandOf({
    name: "completion",
    about: "Prints what makes a shell complete commands, flags and their values.",
    takes: "SHELL",
    words: {
      bash: "source it: source <(redpkt completion bash)",
      zsh: "as _redpkt in a folder of $fpath",
      fish: "as ~/.config/fish/completions/redpkt.fish",
    },
    flags: {},
    examples: [{ line: "redpkt completion bash", shows: "in ~/.bashrc: source <(redpkt completion bash)" }],
  }, async (host, _values, [shell, ...others]) => {
    if (shell === undefined || others.length > 0 || !Object.hasOwn(SHELLS, shell)) {
      throw new UserError(`give one shell: ${Object.keys(SHELLS).join(", ")}`);
    }
    host.out(SHELLS[shell](await offersOf(commands)));
    return ExitCode.ok;
  });
}

async function offersOf(commands: CommandTable): Promise<Offers[]> {
  return (await allForms(commands)).map(({ form, summary }) => {
    const flags = { ...form.flags, ...EVERYWHERE };
    const actions = Object.values(form.actions ?? {}).map(({ name }) =>
      [name.split(" ").at(-1)!, ""] as const
    );
    return {
      command: form.name,
      summary: summary ?? "",
      words: [
        ...actions,
        ...Object.entries(form.words ?? {}).map(([word, does]) => [word.split(" ")[0], does] as const),
        ...Object.entries(flags).map(([name, { help }]) => [`--${name}`, help] as const),
        ["--help", "shows all flags"] as const,
      ],
      choices: Object.fromEntries(
        Object.entries(flags).filter(([, { value }]) => value !== undefined)
          .map(([name, flag]) => [`--${name}`, choicesOf(flag)]),
      ),
    };
  });
}

const isCommand = ({ command }: Offers) => !command.includes(" ");
const actionsOf = (offers: readonly Offers[]) => offers.filter((each) => !isCommand(each));

/** What both shells do to find the command, and then its words, as `case` patterns. */
function cases(
  offers: readonly Offers[],
  choices: (command: string, flag: string, words: readonly string[]) => string,
): string {
  return offers.flatMap(({ command, choices: all }) =>
    Object.entries(all).map(([flag, words]) => `    ${choices(command, flag, words)}\n`)
  ).join("");
}

function bash(offers: readonly Offers[]): string {
  const commands = offers.filter(isCommand).map(({ command }) => command).join(" ");
  return `# Completes redpkt in bash: source <(redpkt completion bash)
_redpkt() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} words=""
  local command=\${COMP_WORDS[1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W "${commands} help" -- "$cur"))
    return
  fi
  if ((COMP_CWORD > 2)); then
    case "$command \${COMP_WORDS[2]}" in
    ${
    actionsOf(offers).map(({ command }) => `"${command}"`).join(" | ")
  }) command="$command \${COMP_WORDS[2]}" ;;
    esac
  fi
  case "$command $prev" in
${
    cases(offers, (command, flag, words) =>
      words.length === 0
        ? `"${command} ${flag}") return ;;`
        : `"${command} ${flag}") words="${words.join(" ")}" ;;`)
  }\
    *)
      case "$command" in
${
    offers.map(({ command, words }) =>
      `        "${command}") words="${words.map(([word]) => word).join(" ")}" ;;\n`
    ).join("")
  }\
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _redpkt redpkt
`;
}

function zsh(offers: readonly Offers[]): string {
  // A colon would end the word in front of its meaning.
  const quoted = (word: string, meaning: string) =>
    `'${word.replaceAll(":", "\\:")}:${meaning.replaceAll("'", "'\\''")}'`;
  const commands = offers.filter(isCommand).map(({ command, summary }) => quoted(command, summary));
  return `#compdef redpkt
_redpkt() {
  local command=\${words[2]} prev=\${words[CURRENT - 1]}
  local -a items
  if ((CURRENT == 2)); then
    items=(${commands.join(" ")})
    _describe command items
    return
  fi
  if ((CURRENT > 3)); then
    case "$command \${words[3]}" in
    ${actionsOf(offers).map(({ command }) => `"${command}"`).join(" | ")}) command="$command \${words[3]}" ;;
    esac
  fi
  case "$command $prev" in
${
    cases(offers, (command, flag, words) =>
      words.length === 0
        ? `"${command} ${flag}") _files; return ;;`
        : `"${command} ${flag}") compadd ${words.join(" ")}; return ;;`)
  }\
  esac
  case "$command" in
${
    offers.map(({ command, words }) =>
      `    "${command}") items=(${words.map(([word, meaning]) => quoted(word, meaning)).join(" ")}) ;;\n`
    ).join("")
  }\
  esac
  _describe flag items
  _files
}
_redpkt "$@"
`;
}

function fish(offers: readonly Offers[]): string {
  const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = ["# Completes redpkt in fish: ~/.config/fish/completions/redpkt.fish"];
  for (const { command, summary, words, choices } of offers) {
    const [name, action] = command.split(" ");
    if (action === undefined) {
      lines.push(`complete -c redpkt -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`);
    }
    const seen = action === undefined
      ? `__fish_seen_subcommand_from ${name}`
      : `__fish_seen_subcommand_from ${name}; and __fish_seen_subcommand_from ${action}`;
    for (const [word, meaning] of words) {
      const taken = choices[word];
      const values = taken === undefined
        ? ""
        : taken.length === 0
        ? " -r"
        : ` -x -a ${quoted(taken.join(" "))}`;
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`;
      lines.push(`complete -c redpkt -n ${quoted(seen)} ${what}${values} -d ${quoted(meaning)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
