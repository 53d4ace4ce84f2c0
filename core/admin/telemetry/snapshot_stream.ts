import type { Snapshot } from "../../counters/series.ts";

/**
 * The snapshots that a process sends each second, as they come. Ends when the process does or the signal aborts.
 *
 * @param api such as `http://127.0.0.1:8989`
 */
export async function* readSnapshots(
  api: string,
  init: Pick<RequestInit, "headers" | "signal">,
): AsyncGenerator<Snapshot> {
  const response = await fetch(`${api}/stream`, init);
  if (!response.ok || response.body === null) throw new Error(`${api}/stream: ${response.status}`);
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data: "));
      if (data !== undefined) yield JSON.parse(data.slice("data: ".length));
    }
  }
}
