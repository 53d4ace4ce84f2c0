import { sleep, systemClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import type { Host } from "../../core/cli/host.ts";
import { FetchList } from "../../core/client/fetch/fetch_list.ts";
import { type FetchCounts, FetchPlan } from "../../core/client/fetch/fetch_plan.ts";
import { HttpSource } from "../../core/client/fetch/http_source.ts";
import { readManifest } from "../../core/depot/manifest/manifest.ts";
import { packDepot } from "../../core/depot/manifest/pack.ts";
import { KeyFolder } from "../../core/seed/file/keys.ts";
import { premise } from "../common/premise.ts";

/** The window, from when the depot is up, and when people shake in it. */
const WINDOW_MS = 20_000;
const SHAKING_MS = [8_000, 10_000] as const;
/** After the window's end a chunk that was let in may still come. */
const LAST_MS = 1_000;
const START_MS = 3_000;
const TICK_MS = 10;
/** The cap is what everybody needs, and so much more. */
const HEADROOM = 1.4;

export interface FetchedSample {
  readonly users: number;
  readonly packages: number;
  readonly packageBytes: number;
  readonly whole: number;
  readonly chunks: number;
  readonly damaged: number;
  readonly bytes: number;
  readonly bytesWhileShaking: number;
  readonly cap: number;
  /** By the depot: the most that it handed out in any second. */
  readonly mostInS: number;
  readonly refused: number;
}

/** Some users who really fetch, from a depot of its own process, over HTTP on loopback. */
export async function fetchSample(
  host: Host,
  users: number,
  packages: number,
  packageBytes: number,
): Promise<FetchedSample> {
  const root = await Deno.makeTempDir({ prefix: "redpkt-bench-" });
  try {
    const cap = Math.ceil(
      HEADROOM * users * packages * packageBytes / ((WINDOW_MS - (SHAKING_MS[1] - SHAKING_MS[0])) / 1000),
    );
    const startMs = systemClock.wallMs() + START_MS;
    const keys = pack(root, packages, packageBytes, startMs, cap);
    return await play(host, root, keys, { users, packages, packageBytes, cap, startMs });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

function pack(root: string, packages: number, bytes: number, startMs: number, cap: number): KeyFolder {
  const keys = new KeyFolder(`${root}/keys`);
  keys.make(false);
  const random = new Random(65);
  const names = Array.from({ length: packages }, (_, i) => `sponsor-${i}`);
  for (const name of names) {
    Deno.writeFileSync(`${root}/${name}`, Uint8Array.from({ length: bytes }, () => random.below(256)));
  }
  const time = (ms: number) => new Date(ms).toISOString();
  const plan = {
    packages: names.map((name, i) => ({ name, file: name, sponsor: i, resource: 7_000 + i })),
    windows: [{ start: time(startMs), end: time(startMs + WINDOW_MS), bytesPerS: cap }],
  };
  Deno.writeTextFileSync(`${root}/plan.json`, JSON.stringify(plan));
  packDepot(`${root}/plan.json`, `${root}/depot`, keys.signing()!, undefined, () => {});
  return keys;
}

async function play(
  host: Host,
  root: string,
  keys: KeyFolder,
  wanted: Pick<FetchedSample, "users" | "packages" | "packageBytes" | "cap"> & { readonly startMs: number },
): Promise<FetchedSample> {
  const { startMs, ...sizes } = wanted;
  const [program, ...args] = host.program.command;
  const flags = ["--dir", `${root}/depot`, "--keys", keys.path, "--listen", "127.0.0.1:0"];
  const depot = new Deno.Command(program, {
    args: [...args, "depot", ...flags, "--admin", "127.0.0.1:0"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    const { listen, admin } = await listening(depot);
    const url = `http://${listen}`;
    const signed = readManifest(await (await fetch(`${url}/manifest`)).bytes(), keys.trusted(), url);
    const list = new FetchList(signed.manifest);
    const found = { whole: 0, chunks: 0, damaged: 0, bytes: 0, bytesWhileShaking: 0, refused: 0 };
    const isShaking = () => {
      const ms = systemClock.wallMs() - startMs;
      return ms >= SHAKING_MS[0] && ms < SHAKING_MS[1];
    };
    const source = new HttpSource(list, [url], (bytes) => {
      found.bytes += bytes;
      if (isShaking()) found.bytesWhileShaking += bytes;
    });
    const counts: FetchCounts = {
      chunk: () => void found.chunks++,
      packageWhole: () => {},
      usersWhole: (by) => void (found.whole += by),
      refused: () => void found.refused++,
      failed: () => {},
      damaged: () => void found.damaged++,
    };
    const plan = new FetchPlan(sizes.users, list, source, new Random(1), counts);
    while (systemClock.wallMs() < startMs + WINDOW_MS + LAST_MS && found.whole < sizes.users) {
      plan.tick(systemClock.monotonicMs(), systemClock.wallMs(), !isShaking());
      await sleep(TICK_MS);
    }
    const metrics = await (await fetch(`http://${admin}/metrics`)).text();
    const mostInS = Number(/^redpkt_depot_most_bytes_in_s (\d+)/m.exec(metrics)?.[1]);
    return { ...sizes, ...found, mostInS };
  } finally {
    depot.kill("SIGTERM");
    await Promise.all([depot.status, depot.stderr.cancel().catch(() => {})]);
  }
}

/** Where the depot listens, as its log says. */
async function listening(
  depot: Deno.ChildProcess,
): Promise<{ readonly listen: string; readonly admin: string }> {
  const reader = depot.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    premise(!done, `the depot starts: ${text}`);
    text += value;
    const line = text.split("\n").find((line) => line.includes('"listening"'));
    if (line === undefined || !line.endsWith("}")) continue;
    reader.releaseLock();
    return JSON.parse(line);
  }
}
