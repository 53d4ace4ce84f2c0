import { tokenHeader } from "../../admin/bearer.ts";
import { chartsSchema } from "../../charts/declared.ts";
import type { MonitorCore } from "./monitor_core.ts";
import type { TargetWorld } from "./read_events.ts";
import type { Target } from "./target.ts";

/** How long a server may take to say which charts it has, in ms. */
const ANSWER_MS = 3_000;

/**
 * Asks every server once in its life which charts its plugins have. One that is too old to know is shown with what comes
 * with this program.
 *
 * @returns what ends it
 */
export function watchCharts(core: MonitorCore, { fetch, token }: TargetWorld): () => void {
  const asked = new Map<string, number>();

  async function ask({ spec }: Target): Promise<void> {
    const response = await fetch(`${spec.url}/charts`, {
      headers: tokenHeader(token),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (response.status === 404) return void await response.body?.cancel();
    core.declare(chartsSchema.parse(await response.json()).plugins);
  }

  return core.watch({
    snapshot(target, { snapshot: { role, process: { pid } } }) {
      const { url } = target.spec;
      if (role !== "server" || asked.get(url) === pid) return;
      asked.set(url, pid);
      // Who doesn't answer now is asked again with the next snapshot; who answers something else, never.
      ask(target).catch((error) => {
        if (error instanceof DOMException || error instanceof TypeError) asked.delete(url);
        else core.mark("trouble", `${target.spec.name} has charts that can't be read`);
      });
    },
  });
}
