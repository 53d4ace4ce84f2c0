import { z } from "zod";
import { benchResultSchema, type Figure, figure } from "../common/bench_result.ts";
import type { Source } from "./sources.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
/** Nothing takes as long, unless it hangs. */
const MOST_MS = 300_000;
const NS_PER_S = 1e9;

/** Runs a bench to its end. Returns its figures, or in a line why there are none. */
export async function runSource(source: Source, args: readonly string[]): Promise<Figure[] | string> {
  if (source.module === "bench/set_bench.ts") return await runSetBench(Number(args[0]));
  const out = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const { code, stdout, stderr } = await run(["run", "-A", source.module, ...args, "--out", out]);
    const text = await Deno.readTextFile(out).catch(() => "");
    if (text !== "") return benchResultSchema.parse(JSON.parse(text)).figures;
    return lastLine(stderr) || lastLine(stdout) || `exit code ${code}`;
  } finally {
    await Deno.remove(out).catch(() => {});
  }
}

const denoBenchSchema = z.object({
  benches: z.array(z.object({
    name: z.string(),
    results: z.array(z.object({ ok: z.object({ avg: z.number() }).optional() })),
  })),
});

/** The first of its benches is a pass over so many shakes as its name says. */
async function runSetBench(times: number): Promise<Figure[] | string> {
  const perS: number[] = [];
  for (let i = 0; i < times; i++) {
    const { stdout, stderr } = await run(["bench", "-A", "--json", "bench/set_bench.ts"]);
    const json = stdout.slice(stdout.indexOf("\n{") + 1);
    const parsed = denoBenchSchema.safeParse(json.startsWith("{") ? JSON.parse(json) : undefined);
    const { name = "", results = [] } = parsed.data?.benches[0] ?? {};
    const shakes = Number(/(\d+) shakes/.exec(name)?.[1]);
    const ns = results[0]?.ok?.avg;
    if (ns === undefined) return lastLine(stderr) || "it measured nothing";
    perS.push(shakes * NS_PER_S / ns);
  }
  return [figure("shakes decided in a SET", "a second", perS)];
}

async function run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(MOST_MS),
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)!.replace(/^bench:\S+: no figure: /, "");
}
