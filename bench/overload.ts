/**
 * Overload: what a server held to a share of a core answers well and in time, at one to ten times what it can do; with
 * plugin `throttle` reading less, with it refusing only, and without it. Writes its figures and, with `--svg FILE`, the
 * curves of the README, one for each engine and way.
 *
 *     deno task bench:overload
 *     deno run -A bench/overload.ts --cores 0.2 --engine uring,epoll --seconds 5 --svg docs/overload.svg
 */
import { z } from "zod";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { CpuQuota } from "../core/rehearse/stage/cpu_quota.ts";
import { benchFlags } from "./bench_flags.ts";
import { type Figure, figure, runBench } from "./common/bench_result.ts";
import { premise } from "./common/premise.ts";
import { goodputCurve, type Result } from "./overload/curve.ts";
import { Setting } from "./overload/setting.ts";
import { LATE_PART, MODES, type Step } from "./overload/step.ts";

const numbers = (text: string) => text.split(",").map(Number);
const { cores, engine: engines, seconds, users, factors, svg, out } = benchFlags(
  "deno task bench:overload",
  "Goodput of a server that is offered more than it can do.",
  {
    cores: flag(
      "X",
      "part of a core that the server is held to",
      z.coerce.number().gt(0).max(64).default(0.2),
    ),
    engine: flag("LIST", "engines to measure", z.string().default("uring,epoll")),
    seconds: flag("N", "length of a step", wholeNumber(1, 60).default(5)),
    users: flag("N", "users", wholeNumber(1, 19_000).default(19_000)),
    factors: flag(
      "LIST",
      "what is offered, in times of what the server can do",
      z.string().default("0.5,1,2,5,10").transform(numbers)
        .refine((list) => list.every((factor) => factor > 0), "must be numbers with commas between"),
    ),
    svg: flag("FILE", "draws the curves", z.string().default("")),
    out: flag("FILE", "the results as JSON", z.string().default("out/overload.json")),
  },
);

/** Finds how much a server answers well at most: raises the rate until that is far beyond it. */
async function capacity(engine: string): Promise<number> {
  await using setting = await Setting.start({ ...MODES[0], engine, users, cores });
  let best = 0;
  let atBest: Step | undefined;
  // From a rate that any share of a core can do; one bad second in between ends nothing.
  for (let rate = 30_000 * cores; rate < 500_000; rate = Math.round(rate * 1.3)) {
    const step = await setting.step(MODES[0].name, Math.round(rate), 0, 2);
    if (step.goodPerS > best) [best, atBest] = [step.goodPerS, step];
    if (step.offeredPerS > 2 * best) break;
  }
  checkBest(atBest, engine);
  return best;
}

/** Of what it is held to, so much must a server at its best use: with less, something else was the limit. */
const LEAST_USED = 0.8;

/** That the best is the server's own: it was the server that had no more time, and the fleet that kept to its schedule. */
function checkBest(step: Step | undefined, engine: string): void {
  premise(step !== undefined, `${engine}: nothing was answered in time`);
  premise(
    step.serverCores >= LEAST_USED * cores,
    `${engine}: at its best the server used ${
      step.serverCores.toFixed(2)
    } of ${cores} cores, so it wasn't the limit`,
  );
  const why = whyVoid(step);
  premise(why === undefined, `${engine}: ${why}`);
}

/** A step says something of the server only while the fleet keeps to its schedule. Why it doesn't, or nothing. */
function whyVoid({ mode, scheduledPerS, offeredPerS, lateTicksPerS }: Step): string | undefined {
  if (offeredPerS === 0) return `${mode}: nothing was sent at ${scheduledPerS}/s`;
  if (lateTicksPerS <= LATE_PART * scheduledPerS) return undefined;
  return `${mode}: the fleet was late for ${Math.round(lateTicksPerS)} of ${scheduledPerS} shakes a second`;
}

/** Offers every rate to a server of one kind, in every way of shedding. */
async function measure(engine: string, isHeld: boolean): Promise<Result> {
  const peak = await capacity(engine);
  const held = isHeld ? `held to ${cores} of a core by a cgroup` : "not held: no cgroup may be made here";
  console.log(
    `engine ${engine}, ${users} users, server ${held}: ${Math.round(peak)} shakes/s at its best\n`,
  );
  console.log("mode         offered    sent/s    good/s  % of peak   p50 ms   p99 ms   late/s  server CPU");
  const steps: Step[] = [];
  for (const mode of MODES) {
    await using setting = await Setting.start({ ...mode, engine, users, cores });
    for (const factor of factors) {
      const step = await setting.step(mode.name, Math.round(peak * factor), factor, seconds);
      const why = whyVoid(step);
      if (why !== undefined) {
        console.log(`${factor} x is left out: ${why}`);
        continue;
      }
      steps.push(step);
      const cells = [
        mode.name.padEnd(11),
        `${factor} x`.padStart(8),
        String(Math.round(step.offeredPerS)).padStart(9),
        String(Math.round(step.goodPerS)).padStart(9),
        (step.goodPerS / peak * 100).toFixed(0).padStart(10),
        step.p50Ms.toFixed(1).padStart(8),
        step.p99Ms.toFixed(1).padStart(8),
        String(Math.round(step.lateTicksPerS)).padStart(8),
        `${(step.serverCores * 100).toFixed(0)} %`.padStart(11),
      ];
      console.log(cells.join(" "));
    }
    const calm = await setting.step(mode.name, Math.round(peak * 0.3), 0.3, 2);
    const after = calm.goodPerS / Math.max(1, calm.offeredPerS) * 100;
    console.log(`${mode.name.padEnd(11)} back to 0.3 x: ${after.toFixed(1)} % good within 2 s\n`);
  }
  // A step may show that the server can do more than was found at first: that is its best then.
  const best = Math.max(peak, ...steps.map(({ goodPerS }) => goodPerS));
  return {
    engine,
    users,
    cores: isHeld ? cores : null,
    peakPerS: best,
    steps: steps.map((step) => ({ ...step, factor: step.scheduledPerS / best })),
  };
}

await runBench("bench:overload", out, async () => {
  const quota = CpuQuota.open(`redpkt-probe-${Deno.pid}`, cores);
  quota?.close();
  const results: Result[] = [];
  for (const engine of engines.split(",")) results.push(await measure(engine, quota !== undefined));
  if (svg !== "") await Deno.writeTextFile(svg, goodputCurve(results));
  return { figures: results.flatMap(figuresOf), details: { results } };
});

/** What was answered well at the most that was offered, of the server's best. */
function figuresOf({ engine, peakPerS, steps }: Result): Figure[] {
  return MODES.map(({ name }) => {
    const last = steps.filter(({ mode }) => mode === name).sort((a, b) => a.factor - b.factor).at(-1);
    premise(last !== undefined, `${engine}, ${name}: the fleet was late in every step`);
    const what = `${engine}, ${name}: answered well at ${last.factor.toFixed(0)} times the best, of the best`;
    return figure(what, "%", [last.goodPerS / peakPerS * 100]);
  });
}
