/** `deno task mutate`: which changes of the code no test notices. */
import { z } from "zod";
import { flag, type Flags, listFlag, parseFlags, switchFlag, wholeNumber } from "../../core/cli/flags.ts";
import { toolHelp } from "../../core/cli/command/help_text.ts";
import { UserError } from "../../core/base/user_error.ts";
import type { Judged } from "./mutant.ts";
import { mutate } from "./mutate.ts";
import { LEFT_OUT, SOURCES, TESTS } from "./places.ts";
import { markdownOf, reportOf } from "./report.ts";
import { sourcesOf } from "./tree.ts";

const FLAGS = {
  files: listFlag("PATH", "a source or a folder of them that is changed; those of places.ts if absent"),
  tests: listFlag("PATH", "tests that run besides those beside the sources; those of places.ts if absent"),
  sample: flag("N", "how many mutants are tried, 0 for all", wholeNumber(0, 1_000_000).default(0)),
  seed: flag("N", "which they are", wholeNumber(0, 0xffff_ffff).default(1)),
  jobs: flag("N", "processes at a time", wholeNumber(1, 64).default(2)),
  out: flag(
    "DIR",
    "where the results are; a run goes on where it was ended",
    z.string().default("out/mutate"),
  ),
  again: switchFlag("tries those again that survived"),
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
  const places = values.files.length > 0 ? values.files : SOURCES;
  const inPlaces = sourcesOf(root, places);
  const sources = inPlaces.filter((path) => !LEFT_OUT.test(path));
  const beside = sourcesOf(root, places.map((place) => place.replace(/\/[^/]+\.ts$/, "")))
    .filter((path) => path.endsWith("_test.ts"));
  const tests = [...new Set([...beside, ...(values.tests.length > 0 ? values.tests : TESTS)])];
  Deno.mkdirSync(values.out, { recursive: true });
  const resultsPath = `${values.out}/results.jsonl`;
  const known = readResults(resultsPath, values.again);
  const results = Deno.openSync(resultsPath, { append: true, create: true });
  const startMs = performance.now();
  let fresh = 0;
  const { found, judged } = await mutate({
    root,
    tool: tool.slice(root.length + 1),
    sources,
    tests,
    sample: values.sample || Infinity,
    seed: values.seed,
    jobs: values.jobs,
    nowMs: () => performance.now(),
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
  const report = reportOf(judged, found, values.seed);
  Deno.writeTextFileSync(`${values.out}/mutants.json`, JSON.stringify(report, null, 2) + "\n");
  Deno.writeTextFileSync(`${values.out}/mutants.md`, markdownOf(report));
  console.log(markdownOf(report));
}

/** What earlier runs said, by key; the last word counts. */
function readResults(path: string, again: boolean): Map<string, Omit<Judged, "mutant">> {
  const known = new Map<string, Omit<Judged, "mutant">>();
  let text = "";
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // A run that was killed may have left half a line.
  for (const line of text.split("\n").slice(0, -1)) {
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
