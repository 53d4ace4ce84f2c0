/** What the documents name exists: files and folders, links, tasks, commands and flags of the program. */
import assert from "node:assert/strict";
import configuration from "../deno.json" with { type: "json" };
import { redpkt } from "./processes.ts";

const ROOT = new URL("..", import.meta.url);
const TOP_FOLDERS = /^(?:core|plugins|scenarios|bench|test|docs|\.ci|\.github)\//;

interface Page {
  readonly path: string;
  readonly text: string;
}

function pages(folder = ""): Page[] {
  return [...Deno.readDirSync(new URL(`./${folder}`, ROOT))].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return folder === "" && name !== "docs" ? [] : pages(`${folder}${name}/`);
    const path = `${folder}${name}`;
    return path.endsWith(".md") ? [{ path, text: Deno.readTextFileSync(new URL(path, ROOT)) }] : [];
  });
}

function exists(path: string): boolean {
  try {
    Deno.statSync(new URL(path, ROOT));
    return true;
  } catch {
    return false;
  }
}

/** What stands between backticks, or is a link's target, or a line of a block of commands. */
function inlineCode({ text }: Page): string[] {
  return [...text.replaceAll(/^```[^]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
}

// What a change was called then stays as it was.
const current = pages().filter(({ path }) => path !== "CHANGELOG.md");

Deno.test("every file and folder that a document names exists", () => {
  const missing = current.flatMap((page) =>
    inlineCode(page).filter((code) =>
      TOP_FOLDERS.test(code) && /^[\w./-]+$/.test(code) && !code.includes("NNN")
    )
      .filter((code) => !exists(code)).map((code) => `${page.path}: ${code}`)
  );
  assert.deepEqual(missing, []);
});

Deno.test("every link of a document leads somewhere", () => {
  const broken = current.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [file, heading] = target.split("#");
        const to = file === "" ? path : new URL(file, `file:///${path}`).pathname.slice(1);
        if (!exists(to)) return true;
        return heading !== undefined && !headings(Deno.readTextFileSync(new URL(to, ROOT))).includes(heading);
      })
      .map((target) => `${path}: ${target}`)
  );
  assert.deepEqual(broken, []);
});

/** The anchors of a page's headings. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title.toLowerCase().replaceAll(/[^\w\- ]/g, "").replaceAll(" ", "-")
  );
}

Deno.test("every task that a document names exists", () => {
  const named = current.flatMap(({ path, text }) =>
    [...text.matchAll(/\bdeno(?:@[\d.]+)? task ([\w:-]+)/g)].map(([, task]) => [path, task] as const)
  );
  assert.ok(named.length > 10, "tasks are found");
  assert.deepEqual(named.filter(([, task]) => !(task in configuration.tasks)), []);
});

Deno.test("every command and flag of redpkt that a document names exists", async () => {
  const calls = current.flatMap(({ path, text }) =>
    [...text.matchAll(/\bredpkt ([a-z]+(?:-[a-z]+)*)([^`\n|#]*)/g)].map(([, name, rest]) => ({
      path,
      // A command of a command has flags of its own, such as `seed make`.
      words: [name, ...(/^ ([a-z]+)(?= |$)/.exec(rest)?.slice(1) ?? [])],
      flags: [...rest.matchAll(/(?<=\s)--([a-z][\w-]*)/g)].map(([, flag]) => flag),
    }))
  ).filter(({ flags }) => flags.length > 0);
  const help = new Map<string, string>();
  const wrong: string[] = [];
  for (const { path, words, flags } of calls) {
    const command = words.join(" ");
    if (!help.has(command)) help.set(command, (await redpkt([...words, "--help"])).stdout);
    for (const flag of flags) {
      if (!help.get(command)!.includes(`--${flag}`)) wrong.push(`${path}: redpkt ${command} --${flag}`);
    }
  }
  assert.ok(help.size > 5, "commands are found");
  assert.deepEqual(wrong, []);
});
