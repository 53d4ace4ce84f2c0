import type { PlanInput } from "../../core/seed/plan/plan_schema.ts";

/** A plan of one wave at an even rate. */
export function evenPlan(tickets: number, lengthS: number, startMs: number): PlanInput {
  return {
    name: "bench",
    expires: new Date(startMs + 30 * 86_400_000).toISOString(),
    sponsors: [
      {
        number: 1,
        name: "One",
        budgetFen: tickets * 50,
        amounts: { kind: "uniform", minFen: 1, maxFen: 199 },
      },
      { number: 2, name: "Two", budgetFen: tickets * 50, amounts: { kind: "fixed", amountFen: 100 } },
    ],
    waves: [{ name: "only", start: new Date(startMs).toISOString(), lengthS }],
    hosts: { count: 1 },
  };
}

/** Reads how many tickets a server released in each of its seconds. */
export async function releasedBySecond(admin: string, seconds: number): Promise<number[]> {
  const response = await fetch(`http://${admin}/stream`);
  const released: number[] = [];
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop()!;
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      const deltas = data === undefined ? undefined : JSON.parse(data).deltas;
      if (deltas !== undefined) released.push(deltas.seedReleased);
    }
    if (released.length >= seconds) break;
  }
  return released.slice(0, seconds);
}
