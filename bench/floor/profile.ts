/** Where a server's CPU time goes, by `perf`: the kernel's functions and V8's, by thread. */
import { alignColumns } from "../../core/cli/columns.ts";
import { measure, type Mode, type WindowOptions } from "./load.ts";
import type { Subject } from "./servers.ts";

/** Samples a second; a prime, so that it keeps no step with a timer. */
const SAMPLES_PER_S = 997;
const ROWS = 30;
/** How long connecting takes about, which is left out. */
const CONNECT_MS = 1_500;
/** Shares below are left out of the sums, in per cent. */
const LEAST_SHARE = 0.5;

/** V8 writes the names of its functions where `perf` looks for them; to be set before the server starts. */
export const PROFILE_ENVIRONMENT = { DENO_V8_FLAGS: "--perf-basic-prof" } as const;

/** Loads a server and samples it meanwhile; returns a table, or why there is none. */
export async function profile(
  executable: string,
  mode: Mode,
  subject: Subject,
  options: WindowOptions,
  folder: string,
): Promise<string> {
  const data = `${folder}/perf.data`;
  let perf: Deno.ChildProcess;
  try {
    perf = new Deno.Command("perf", {
      args: [
        "record",
        "-q",
        "-F",
        String(SAMPLES_PER_S),
        "-D",
        String(CONNECT_MS),
        "-p",
        String(subject.pid),
        "-o",
        data,
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch {
    return "  no profile: perf is not installed (apt-get install linux-perf)\n";
  }
  await measure(executable, mode, subject, options);
  perf.kill("SIGINT");
  await perf.status;
  const report = await new Deno.Command("perf", {
    args: ["report", "-i", data, "--stdio", "-q", "--sort", "comm,dso,symbol"],
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(report.stdout);
  if (!report.success || text.trim() === "") return "  no profile: perf may not look at this process\n";
  const lines = readReport(text);
  return alignColumns([["share", "thread", "where"], ...sums(lines)], 3) + "\n" +
    alignColumns([
      ["share", "thread", "where", "function"],
      ...lines.slice(0, ROWS).map(({ share, thread, where, name }) => [percent(share), thread, where, name]),
    ], 4);
}

/** A function's part of the samples. */
export interface ProfileLine {
  /** In per cent of all samples. */
  readonly share: number;
  readonly thread: string;
  /** The kernel, JavaScript, or a library. */
  readonly where: string;
  readonly name: string;
}

/** Reads lines such as `  12.34%  worker-1  [kernel.kallsyms]  [k] tcp_sendmsg_locked`, largest first. */
export function readReport(text: string): ProfileLine[] {
  const lines = text.matchAll(/^\s*([\d.]+)%\s+(.+?)\s{2,}(\S.*?)\s+\[(?:k|\.)\]\s+(.+?)\s*$/gm);
  return Array.from(lines, ([, share, thread, where, name]) => ({
    share: Number(share),
    thread,
    where: where.replace("[kernel.kallsyms]", "kernel").replace(/^perf-\d+\.map$|^\[JIT\].*/, "JavaScript"),
    name: name.replace(/\s+-\s+-$/, "").replace(/ file:\/\/\S*\/(core|plugins)\//, " $1/").slice(0, 70),
  }));
}

/** What each thread spends where, largest first; crumbs are left out. */
function sums(lines: readonly ProfileLine[]): string[][] {
  const shares = new Map<string, number>();
  for (const { thread, where, share } of lines) {
    const key = `${thread}\n${where}`;
    shares.set(key, (shares.get(key) ?? 0) + share);
  }
  return [...shares].filter(([, share]) => share >= LEAST_SHARE).toSorted(([, a], [, b]) => b - a)
    .map(([key, share]) => [percent(share), ...key.split("\n")]);
}

function percent(share: number): string {
  return `${share.toFixed(1).padStart(4)} %`;
}
