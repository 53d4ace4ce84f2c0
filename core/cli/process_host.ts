import { systemClock } from "../base/clock.ts";
import type { Host, Program } from "./host.ts";

const encoder = new TextEncoder();

/** In the environment of a child: the end of its standard input is a stop signal, so that it never outlives its parent. */
export const STOP_WITH_STDIN = "REDPKT_STOP_WITH_STDIN";

/** The real world, for `main.ts`. */
export function processHost(program: Omit<Program, "command">): Host {
  const isTerminal = Deno.stderr.isTerminal();
  return {
    args: Deno.args,
    clock: systemClock,
    env: (name) => Deno.env.get(name),
    envNames: () => Object.keys(Deno.env.toObject()),
    out: (text) => writeAll(Deno.stdout, text),
    err: (text) => writeAll(Deno.stderr, text),
    ask: isTerminal && Deno.stdin.isTerminal()
      ? (question, fallback) => prompt(`${question} [${fallback}]:`)?.trim() || fallback
      : undefined,
    isTerminal,
    get columns() {
      return isTerminal ? terminalColumns() : 100;
    },
    exit: (code) => Deno.exit(code),
    onStopSignal,
    program: { ...program, command: startCommand(program.entry) },
  };
}

/**
 * How V8 is to run this program, in every form but a bare `deno run`: the smallest place for new objects. It is emptied
 * more often, which costs next to nothing in loops that allocate next to nothing, and each thread takes some MB less.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=1";

/**
 * Flags of `deno run` for the bundled program. It holds all its modules: a config, lock or package file that lies above it
 * is somebody else's.
 */
export const BUNDLE_FLAGS = [
  V8_FLAGS,
  "--allow-all",
  "--no-config",
  "--no-lock",
  "--node-modules-dir=none",
] as const;

/**
 * What starts this program again, in the form it has: the compiled program itself, or deno with the bundle (of which a
 * packed file is made, see `.ci/compile.ts`) or with the entry file of the source tree.
 */
function startCommand(entry: string): [string, ...string[]] {
  if (Deno.build.standalone) return [Deno.execPath()];
  const file = entry.startsWith("file:") ? decodeURIComponent(new URL(entry).pathname) : entry;
  return [Deno.execPath(), "run", ...(file.endsWith(".js") ? BUNDLE_FLAGS : [V8_FLAGS, "--allow-all"]), file];
}

function onStopSignal(handler: (signal: string) => void): () => void {
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGTERM", "SIGINT"];
  const listeners = signals.map((signal) => [signal, () => handler(signal)] as const);
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  if (Deno.env.get(STOP_WITH_STDIN) === "1") void inputEnds().then(() => handler("the end of its parent"));
  return () => {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
  };
}

/** Resolves at the end of standard input; does not keep the process alive. */
async function inputEnds(): Promise<void> {
  const buffer = new Uint8Array(64);
  try {
    while (await Deno.stdin.read(buffer) !== null);
  } catch {
    // A broken pipe is an end too.
  }
}

function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 100;
  }
}

/** Writes it all, and ignores a reader that has gone away. */
function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  const bytes = encoder.encode(text);
  try {
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
