/** What is made of the commands' forms: docs/cli.md, completions, manual pages; and that every example of them can be run. */
import assert from "node:assert/strict";
import page from "../docs/cli.md" with { type: "text" };
import { redpkt } from "./processes.ts";

async function output(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await redpkt([...args]);
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
}

function isInstalled(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return false;
  }
}

/** What a shell's script says when it is run. */
async function shell(program: string, script: string): Promise<string> {
  const child = new Deno.Command(program, { args: ["-c", script], stdout: "piped", stderr: "piped" });
  const { stdout, stderr } = await child.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("docs/cli.md says what the commands declare: deno task cli", async () => {
  const words = (text: string) => text.replaceAll(/[\s|-]+/g, " ").trim();
  assert.equal(words(page), words(await output("man", "--to", "markdown")));
});

Deno.test("every command has an example, and all flags of an example exist", () => {
  const sections = page.split(/^##+ redpkt /m).slice(1);
  assert.ok(sections.length > 20);
  for (const section of sections) {
    const name = section.slice(0, section.indexOf("\n"));
    const lines = /```sh\n([^]*?)```/.exec(section)?.[1].split("\n").filter((line) =>
      line.startsWith("redpkt ")
    ) ?? [];
    assert.ok(lines.length > 0, `${name} has an example`);
    // What an action of a command shows, the command may show too.
    for (const line of lines.filter((line) => !line.startsWith(`redpkt ${name} --replay`))) {
      assert.ok(line.startsWith(`redpkt ${name.split(" ")[0]}`), line);
      for (const [, flag] of line.matchAll(/\s--([a-z][\w-]*)/g)) {
        if (flag !== "help" && !name.endsWith(`--${flag}`)) {
          assert.ok(
            section.includes(`\`--${flag}`),
            `${line}: --${flag}`,
          );
        }
      }
    }
  }
});

Deno.test(
  "bash completes commands, actions, flags and values",
  { ignore: !isInstalled("bash") },
  async () => {
    const script = await output("completion", "bash");
    const complete = (...words: readonly string[]) =>
      shell(
        "bash",
        `${script}\nCOMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")}); ` +
          `COMP_CWORD=${words.length - 1}; _redpkt; echo "\${COMPREPLY[@]}"`,
      );
    assert.equal(await complete("redpkt", "sett"), "settle");
    assert.equal(await complete("redpkt", "seed", "ver"), "verify");
    assert.equal(await complete("redpkt", "seed", "make", "--o"), "--out");
    assert.equal(await complete("redpkt", "ledger", "ch"), "check");
    assert.equal(await complete("redpkt", "server", "--engine", ""), "auto uring epoll deno");
    assert.equal(await complete("redpkt", "server", "--ledger", ""), "", "the shell completes files");
  },
);

for (const program of ["zsh", "fish"]) {
  Deno.test(`${program} takes its completion`, { ignore: !isInstalled(program) }, async () => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(file, await output("completion", program));
      await shell(program, `${program} -n ${file}`);
    } finally {
      await Deno.remove(file);
    }
  });
}

Deno.test("man shows a page of one command and of all", { ignore: !isInstalled("groff") }, async () => {
  for (const args of [["man", "seed", "make"], ["man"]]) {
    const child = new Deno.Command("groff", {
      args: ["-man", "-Tascii", "-ww"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(await output(...args)));
    await writer.close();
    const { stdout, stderr } = await child.output();
    assert.equal(new TextDecoder().decode(stderr), "", "no warning");
    // deno-lint-ignore no-control-regex
    const text = new TextDecoder().decode(stdout).replaceAll(/\x1b\[\d+m|.\x08/g, "");
    assert.match(text, /redpkt seed make PLAN\.json \[FLAGS\][^]*--random-seed N/);
  }
  const { code, stderr } = await redpkt(["man", "sever"]);
  assert.deepEqual([code, stderr], [2, "redpkt man: sever: no such command. Did you mean server?\n"]);
});
