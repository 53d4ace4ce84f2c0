import { definePlugin, z } from "../../core/plugin/plugin.ts";
import { charts } from "./charts.ts";
import { SeedHost } from "./host_plugin.ts";
import { evening } from "./evening.ts";
import { rehearsal } from "./rehearsal.ts";

/** Releases the tickets and greetings of a seed file when they are due. Another plugin gives them away: see `shake.packets`. */
export default definePlugin({
  name: "seed",
  config: z.strictObject({}),
  holdsMoney: true,
  charts,
  rehearsal,
  evening,
  metrics: {
    seedReleased: { kind: "counter", help: "Tickets that were released" },
    seedReleasedFen: { kind: "counter", help: "Sum of the tickets that were released, in fen" },
    seedGreetingsReleased: { kind: "counter", help: "Greetings that were released" },
    seedGreetingsUnreleased: { kind: "gauge", help: "Greetings that the plan's limits still allow" },
    seedWallSteps: { kind: "counter", help: "Steps of the wall clock by more than 100 ms" },
    seedRefused: {
      kind: "counter",
      help: "Times that the ledger refused the tickets, so that none is released",
    },
    seedBehindMs: { kind: "gauge", help: "How far the release is behind the plan, in ms" },
  },
  create: () => ({}),
  control: (host) => new SeedHost(host),
});
