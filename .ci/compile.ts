/**
 * Makes the whole program one file, `dist/redpkt`: `deno task compile [--form FORM] [--compression TOOL] [--fast] [--out FILE]`.
 *
 * Two forms. `native` is what `deno compile` makes; it downloads a runtime. `packed` needs no download: a shell script,
 * and behind it Deno's own executable and the bundled program (`stub.sh`). `auto` tries the first, then takes the second.
 *
 * This stands in `.ci/` beside the gate, and is no subcommand: it works on the source tree, which a packed program
 * doesn't have.
 */
import { parseArgs } from "node:util";
import { BUNDLE_FLAGS, V8_FLAGS } from "../core/cli/process_host.ts";
import { VERSION } from "../core/base/version.ts";

/**
 * Tools that compress, best first, with what makes their output small, or makes it soon. A release is packed with gzip,
 * which every system unpacks; `zstd -19` takes a minute for 3 MB less.
 */
const TOOLS = {
  zstd: { small: ["-12", "-T0"], fast: ["-1", "-T0"] },
  xz: { small: ["-6", "-T0"], fast: ["-0", "-T0"] },
  gzip: { small: ["-9", "-n"], fast: ["-1", "-n"] },
} as const;
type Tool = keyof typeof TOOLS;

/** What dependencies load only if somebody has installed it. */
const OPTIONAL_PACKAGES = ["react-devtools-core"];
const FORMS = ["auto", "native", "packed"];
const root = new URL("..", import.meta.url);
const entry = decodeURIComponent(new URL("main.ts", root).pathname);

class BuildError extends Error {}

interface Options {
  readonly form: string;
  readonly compression: string;
  readonly isFast: boolean;
  readonly out: string;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      form: { type: "string", default: "auto" },
      compression: { type: "string", default: "auto" },
      fast: { type: "boolean", default: false },
      out: { type: "string", default: decodeURIComponent(new URL("dist/redpkt", root).pathname) },
    },
  });
  const tools = ["auto", ...Object.keys(TOOLS)];
  if (!FORMS.includes(values.form)) throw new BuildError(`--form must be one of ${FORMS.join(", ")}`);
  if (!tools.includes(values.compression)) {
    throw new BuildError(`--compression must be one of ${tools.join(", ")}`);
  }
  return { form: values.form, compression: values.compression, isFast: values.fast, out: values.out };
}

/** Runs a command to its end; throws its last words if it fails. */
async function run(command: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return;
  const words = new TextDecoder().decode(stderr).split("\nStack backtrace")[0].trim().split("\n").slice(-5)
    .join("\n");
  throw new BuildError(`${command} ${args[0]} failed: ${words}`);
}

async function compileNative(out: string): Promise<void> {
  await run(Deno.execPath(), [
    "compile",
    "--quiet",
    "--no-check",
    "--exclude-unused-npm",
    V8_FLAGS,
    "--allow-all",
    "--output",
    out,
    entry,
  ]);
}

/**
 * Bundles the program into a folder, with `main.js` as its entry. What is loaded on demand stays apart: so a thread that
 * decides shakes doesn't read the terminal's React, which makes every start and every thread smaller.
 */
async function bundle(folder: string): Promise<void> {
  await run(Deno.execPath(), [
    ...["bundle", "--quiet", "--code-splitting", "--outdir", folder],
    ...OPTIONAL_PACKAGES.map((name) => `--external=${name}`),
    entry,
  ]);
}

async function compilePacked(out: string, { compression, isFast }: Options): Promise<Tool> {
  const tool = compression === "auto" ? await firstTool() : compression as Tool;
  const folder = await Deno.makeTempDir({ prefix: "redpkt-pack-" });
  try {
    await bundle(`${folder}/program`);
    await Deno.copyFile(Deno.execPath(), `${folder}/program/deno`);
    await Deno.chmod(`${folder}/program/deno`, 0o755);
    const names = Array.from(Deno.readDirSync(`${folder}/program`), ({ name }) => name).toSorted();
    // A hash of what is inside: the same program finds itself unpacked, however it was compressed.
    const { hash, bytes } = await contentHash(`${folder}/program`, names);
    await run("tar", ["-cf", `${folder}/payload`, "-C", `${folder}/program`, ...names]);
    await run(tool, [...TOOLS[tool][isFast ? "fast" : "small"], "-q", `${folder}/payload`]);
    const stub = await renderStub({
      VERSION,
      TARGET: Deno.build.target,
      TOOL: tool,
      HASH: hash,
      MEGABYTES: String(Math.ceil(1.1 * bytes / 1e6)),
      FLAGS: BUNDLE_FLAGS.join(" "),
    });
    const suffix = { zstd: "zst", xz: "xz", gzip: "gz" }[tool];
    const file = await Deno.open(out, { write: true, create: true, truncate: true });
    await new Blob([stub, await Deno.readFile(`${folder}/payload.${suffix}`)]).stream().pipeTo(file.writable);
    await Deno.chmod(out, 0o755);
    return tool;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function renderStub(values: Readonly<Record<string, string>>): Promise<string> {
  const template = await Deno.readTextFile(new URL("stub.sh", import.meta.url));
  const line = String(template.split("\n").length); // the template ends with a line break: the payload comes after
  return template.replaceAll(/@([A-Z]+)@/g, (_, name) => name === "LINE" ? line : values[name]);
}

async function contentHash(
  folder: string,
  names: readonly string[],
): Promise<{ hash: string; bytes: number }> {
  const parts: BlobPart[] = [];
  let bytes = 0;
  for (const name of names) {
    const content = await Deno.readFile(`${folder}/${name}`);
    parts.push(name, await crypto.subtle.digest("SHA-256", content));
    bytes += content.length;
  }
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return { hash: hex(digest).slice(0, 16), bytes };
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The best tool of this host. */
async function firstTool(): Promise<Tool> {
  for (const tool of Object.keys(TOOLS) as Tool[]) {
    try {
      await run(tool, ["--version"]);
      return tool;
    } catch {
      // Not here: the next one.
    }
  }
  throw new BuildError("no zstd, xz or gzip is installed: install one of them");
}

async function main(): Promise<void> {
  const options = readOptions();
  await Deno.mkdir(options.out.replace(/[^/]*$/, "") || ".", { recursive: true });
  // Made beside its place and then renamed: nobody ever starts half a file.
  const made = `${options.out}.new`;
  try {
    const form = await compile(made, options);
    const bytes = await Deno.readFile(made);
    await Deno.rename(made, options.out);
    const sum = hex(await crypto.subtle.digest("SHA-256", bytes));
    console.log(`${options.out}: ${form}, ${(bytes.length / 1e6).toFixed(1)} MB, sha256 ${sum}`);
  } finally {
    await Deno.remove(made).catch(() => {});
  }
}

/** Makes the file in the form that is wanted and can be had; returns which it is. */
async function compile(out: string, options: Options): Promise<string> {
  if (options.form !== "packed") {
    try {
      await compileNative(out);
      return "native";
    } catch (error) {
      if (options.form === "native" || !(error instanceof BuildError)) throw error;
      console.error(`${error.message}\ndeno compile can't finish here: packing Deno itself instead`);
    }
  }
  return `packed with ${await compilePacked(out, options)}`;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError || error instanceof TypeError)) throw error;
  console.error(`compile: ${error.message}`);
  Deno.exit(2);
}
