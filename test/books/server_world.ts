/** What tests with real servers and books share. */
import assert from "node:assert/strict";
import { sleep } from "../../core/base/clock.ts";
import { Running } from "../processes.ts";

const LOOK_MS = 50;
const MOST_LOOKS = 2_400;

/** Waits for something that must come. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    if (await isSo()) return;
    await sleep(LOOK_MS);
  }
  assert.fail(`it doesn't come to this: ${what}`);
}

/** Runs in a temporary folder. */
export async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "redpkt-server-books-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Users who speak version 1, win and open, until somebody ends them. */
export function fleet(port: number, users: string): Running {
  return new Running([
    ...["client", "--users", users, "--server", `127.0.0.1:${port}`, "--qps", "2000", "--workers", "1"],
    ...["--protocol", "1", "--behave", "openPercent=80", "--behave", "openAfterMs=[0, 200]"],
    ...["--control", "127.0.0.1:0", "--least-answered", "0"],
  ]);
}
