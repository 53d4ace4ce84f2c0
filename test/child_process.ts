/** Real processes of the program for tests that cross them. */

const MAIN = new URL("../main.ts", import.meta.url).pathname;

/** A process that was started, after the line that was waited for. */
export interface StartedChild {
  /** What the line held. */
  readonly match: RegExpExecArray;
  /** Ends when the process does; everything that it wrote, log and output. */
  readonly ended: Promise<{ log: string; out: string }>;
  stop(): Promise<void>;
}

/** Starts a program, and waits for a line on its standard error that holds what is asked for. */
export async function startProgram(
  program: string,
  args: readonly string[],
  found: RegExp,
  env: Record<string, string> = {},
): Promise<StartedChild> {
  const child = new Deno.Command(program, {
    args: [...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  })
    .spawn();
  const out = new Response(child.stdout).text();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let log = "";
  let match: RegExpExecArray | null = null;
  while (match === null) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${program} ended early: ${log}`);
    log += value;
    match = found.exec(log);
  }
  const ended = (async () => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) log += read.value;
    await child.status;
    return { log, out: await out };
  })();
  return {
    match,
    ended,
    async stop() {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has ended by itself.
      }
      await ended;
    },
  };
}

/** Starts a subcommand of this program. */
export function startRedpkt(
  args: readonly string[],
  found: RegExp,
  env: Record<string, string> = {},
): Promise<StartedChild> {
  return startProgram(Deno.execPath(), ["run", "-A", MAIN, ...args], found, env);
}

/** Flags of a small server on free ports, with an engine that runs everywhere. */
export const SMALL_SERVER = [
  "server",
  ...["--host", "127.0.0.1", "--port", "0", "--admin", "127.0.0.1:0"],
  ...["--workers", "1", "--engine", "deno", "--drain-seconds", "1"],
];
