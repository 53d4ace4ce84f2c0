/**
 * What protects a server, each beside its bar: `deno task bench:protect`. The host's cap under ten times as much, users
 * who hammer among users who don't, and peers that are slow or dead. `docs/benchmarks.md` says how to read it; the CPU
 * quota is `bench:overload`, the storm `redpkt rehearse storm`.
 */
import { builtIn } from "../plugins/built_in.ts";
import { z } from "zod";
import { flag, wholeNumber } from "../core/cli/flags.ts";
import { processHost } from "../core/cli/process_host.ts";
import { formatCount } from "../core/base/units.ts";
import { chooseEngine, connectionLimit, ENGINE_CHOICES } from "../core/engine/choose.ts";
import { checkTable } from "../core/rehearse/tables.ts";
import { benchFlags } from "./bench_flags.ts";
import { type Found, runBench } from "./common/bench_result.ts";
import { premise } from "./common/premise.ts";
import { hasSmallBuffers, runWithSmallBuffers } from "./protect/small_buffers.ts";
import { runCap } from "./protect/cap.ts";
import { runDead, runHammer } from "./protect/bad_users.ts";

/** Descriptors that stay free where each user needs one. */
const SPARE_DESCRIPTORS = 700;

const MODES = {
  cap: { users: 15_000, run: runCap },
  hammer: { users: 50_000, run: runHammer },
  dead: { users: 40_000, run: runDead },
} as const;
type Mode = keyof typeof MODES;

const { mode, users, engine: wanted, out } = benchFlags(
  "deno task bench:protect",
  "What protects a server from too much, and from those who mean no good.",
  {
    mode: flag(
      "LIST",
      "cap: the host's cap; hammer: a tenth hammers; dead: half never reads, drips or stops halfway",
      z.string().default(Object.keys(MODES).join(",")).transform((text, context) => {
        const names = text.split(",");
        if (names.every((name): name is Mode => Object.hasOwn(MODES, name))) return names;
        context.addIssue({ code: "custom", message: `there are ${Object.keys(MODES).join(", ")}` });
        return z.NEVER;
      }),
    ),
    users: flag("N", "users, 0 for as many as the mode wants", wholeNumber(0, 200_000).default(0)),
    engine: flag(
      "NAME",
      `how bytes move: ${ENGINE_CHOICES.join(", ")}`,
      z.enum(ENGINE_CHOICES).default("auto"),
    ),
    out: flag("FILE", "the results as JSON", z.string().default("out/protect.json")),
  },
);

const host = processHost({ entry: new URL("../main.ts", import.meta.url).href, ...builtIn });
const engine = chooseEngine(wanted, () => {});
const most = engine === "uring" ? connectionLimit(engine) : connectionLimit(engine) - SPARE_DESCRIPTORS;
await runBench("bench:protect", out, async () => {
  const found: Found[] = [];
  for (const name of mode) found.push(await play(name));
  const checks = found.flatMap(({ checks }) => checks);
  return {
    isPass: checks.every(({ isMet }) => isMet),
    figures: found.flatMap(({ figures }) => figures),
    details: { engine, checks },
  };
});

async function play(name: Mode): Promise<Found> {
  if (name === "dead" && !hasSmallBuffers(host)) {
    const found = await playWithSmallBuffers(name);
    if (found !== undefined) return found;
    console.log("\nwithout root the kernel's buffers are large: who never reads is not found out in time");
  }
  const count = Math.min(users || MODES[name].users, most);
  console.log(`\n${name}: ${formatCount(count)} users, engine ${engine}`);
  const found = await MODES[name].run(host, engine, count);
  console.log(checkTable(found.checks));
  return found;
}

/** Plays it in a process of its own and reads what that has found; undefined where that can't be. */
async function playWithSmallBuffers(name: Mode): Promise<Found | undefined> {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const args = ["--mode", name, "--users", String(users), "--engine", wanted, "--out", file];
    if (await runWithSmallBuffers(import.meta.url, args) === undefined) return undefined;
    const text = await Deno.readTextFile(file).catch(() => "");
    premise(text !== "", `${name}, with small buffers: see above`);
    return JSON.parse(text);
  } finally {
    await Deno.remove(file).catch(() => {});
  }
}
