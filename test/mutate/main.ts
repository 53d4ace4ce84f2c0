/** `deno task mutate`: which changes of the code no test notices. */
import { z } from "zod";
import { flag, type Flags, listFlag, parseFlags, switchFlag, wholeNumber } from "../../core/cli/flags.ts";
import { toolHelp } from "../../core/cli/command/help_text.ts";
import { UserError } from "../../core/base/user_error.ts";
import { linesOf } from "./coverage.ts";
import type { Judged } from "./mutant.ts";
import { mutate } from "./mutate.ts";
import { LEFT_OUT, NO_PART, type Place, PLACES, WHOLE_TESTS } from "./places.ts";
import { markdownOf, reportOf } from "./report.ts";
import { filesOf, sourcesOf } from "./tree.ts";

const FLAGS = {
  files: listFlag(
    "PATH",
    "a source, a folder or a place of places.ts that is changed; all of those places if absent",
  ),
  sample: flag(
    "N",
    "how many mutants of each place are tried, 0 for all",
    wholeNumber(0, 1_000_000).default(0),
  ),
  seed: flag("N", "which they are", wholeNumber(0, 0xffff_ffff).default(1)),
  jobs: flag("N", "processes at a time", wholeNumber(1, 64).default(2)),
  minutes: flag(
    "N",
    "it begins nothing new after so long; run it again to go on",
    z.coerce.number().default(600),
  ),
  "test-seconds": flag(
    "N",
    "the tests that are asked about one mutant, the quickest first, come to at most so long",
    z.coerce.number().default(15),
  ),
  out: flag(
    "DIR",
    "where the results are; a run goes on where it was ended",
    z.string().default("out/mutate"),
  ),
  again: switchFlag("tries those again that survived"),
  processes: switchFlag("tries those that survived with the tests that start processes"),
} satisfies Flags;

async function main(args: readonly string[]): Promise<void> {
  const { values, wantsHelp } = parseFlags(args, FLAGS);
  if (wantsHelp) {
    console.log(toolHelp("deno task mutate", "Finds changes of the code that no test notices.", FLAGS));
    return;
  }
  const tool = new URL(".", import.meta.url).pathname.slice(0, -1);
  const root = Deno.cwd();
  if (!tool.startsWith(`${root}/`)) throw new UserError("run deno task mutate in the folder of deno.json");
  const sourcesIn = (paths: readonly string[]) =>
    sourcesOf(root, paths).filter((path) => !LEFT_OUT.test(path));
  const expand = ({ name, sources }: Place): Place => ({ name, sources: sourcesIn(sources) });
  const all = PLACES.map(expand);
  const places = values.files.length === 0
    ? all
    : values.files.map((name) =>
      all.find((place) => place.name === name) ?? expand({ name: name.replace(/\/$/, ""), sources: [name] })
    );
  const tests = filesOf(root).filter((path) => path.endsWith("_test.ts") && !NO_PART.test(path));
  Deno.mkdirSync(values.out, { recursive: true });
  const resultsPath = `${values.out}/results.jsonl`;
  const known = readResults(resultsPath, values.again);
  const results = Deno.openSync(resultsPath, { append: true, create: true });
  const startMs = performance.now();
  let fresh = 0;
  const { mutants, judged, filesLeft, mutantsLeft } = await mutate({
    root,
    tool: tool.slice(root.length + 1),
    // All of them whichever are tried, so that what tests reach is found once for all.
    sources: [...new Set([...all, ...places].flatMap(({ sources }) => sources))].sort(),
    places,
    tests,
    wholeTests: values.processes ? WHOLE_TESTS : undefined,
    sample: values.sample || Infinity,
    seed: values.seed,
    jobs: values.jobs,
    nowMs: () => performance.now(),
    testsMs: values["test-seconds"] * 1000,
    isOver: () => performance.now() - startMs > values.minutes * 60_000,
    keptIn: values.out.startsWith("/") ? values.out : `${root}/${values.out}`,
    known,
    onUnfit: (test, why) =>
      console.error(`left out, since it fails as it is: ${test}: ${why.split("\n")[0]}`),
    onJudged: (key, { outcome, by, mutant }, done, inAll) => {
      results.writeSync(new TextEncoder().encode(`${JSON.stringify({ key, outcome, by })}\n`));
      fresh++;
      const leftS = (performance.now() - startMs) / fresh * (inAll - done) / 1000;
      if (outcome === "survived" || outcome === "unreached") {
        console.error(`${outcome} ${mutant.file}:${mutant.line} ${mutant.before} -> ${mutant.after}`);
      }
      if (done % 20 === 0) console.error(`${done} of ${inAll}, about ${Math.ceil(leftS / 60)} min left`);
    },
  });
  results.close();
  const report = reportOf(places, mutants, judged, values.seed);
  Deno.writeTextFileSync(`${values.out}/mutants.json`, JSON.stringify(report, null, 2) + "\n");
  Deno.writeTextFileSync(`${values.out}/mutants.md`, markdownOf(report));
  console.log(markdownOf(report));
  if (filesLeft > 0) {
    console.error(`time is over: ${filesLeft} files of tests have not run yet. Run it again`);
  } else if (mutantsLeft > 0) console.error(`time is over: ${mutantsLeft} mutants are left. Run it again`);
}

/** What earlier runs said, by key; the last word counts. */
function readResults(path: string, again: boolean): Map<string, Omit<Judged, "mutant">> {
  const known = new Map<string, Omit<Judged, "mutant">>();
  for (const line of linesOf(path)) {
    const { key, outcome, by } = JSON.parse(line);
    if (again && (outcome === "survived" || outcome === "unreached")) known.delete(key);
    else known.set(key, { outcome, by });
  }
  return known;
}

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.error(error.message);
  Deno.exit(error.exitCode);
}
