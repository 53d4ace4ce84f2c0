import { type HostContext, type PluginRoute, RouteError, z } from "../../core/plugin/plugin.ts";
import type { Releases } from "./releases.ts";
import { moved, paused, resumed, type Schedule, stretched } from "./schedule.ts";
import type { WavePlayer } from "./wave_player.ts";

const wave = z.string().min(1);
const moveBody = z.strictObject({
  wave,
  start: z.iso.datetime({ offset: true }).exactOptional(),
  /** From now on. */
  inS: z.number().min(0).max(1e9).exactOptional(),
}).refine(({ start, inS }) => (start === undefined) !== (inS === undefined), "give one of start and inS");
// Below 1 it would release faster than planned.
const stretchBody = z.strictObject({ wave, factor: z.number().min(1).max(1_000) });
const waveBody = z.strictObject({ wave });

/** What an operator can do to waves while they run. */
export function waveRoutes(
  host: HostContext,
  releases: () => Releases | undefined,
  keep: () => void,
): PluginRoute[] {
  const playing = () => {
    const found = releases();
    if (found === undefined) throw new RouteError(503, "the tickets are still being read: try again");
    return found;
  };
  function change(
    name: string,
    what: string,
    by: (schedule: Schedule, player: WavePlayer) => Schedule,
  ): unknown {
    const all = playing();
    const player = all.players.find(({ wave }) => wave.name === name);
    if (player === undefined) {
      throw new RouteError(
        404,
        `there is no wave ${name}: ${all.players.map(({ wave }) => wave.name).join(", ")}`,
      );
    }
    if (player.isOver) throw new RouteError(409, `wave ${name} is over`);
    player.schedule = by(player.schedule, player);
    if (player.schedule.isStopped) player.isOver = true;
    keep();
    const now = all.describe(player);
    host.log(`wave ${what}`, now);
    return now;
  }
  return [{
    method: "get",
    path: "/waves",
    summary: "Every wave: when it plays, and how far it is",
    handle: () => playing().players.map((player) => playing().describe(player)),
  }, {
    method: "post",
    path: "/waves/move",
    summary: "Begins a wave at another time",
    body: moveBody,
    handle({ body }) {
      const { wave, start, inS } = body as z.infer<typeof moveBody>;
      const startMs = start === undefined ? host.unixMs() + inS! * 1000 : Date.parse(start);
      return change(wave, "moved", (schedule) => moved(schedule, startMs));
    },
  }, {
    method: "post",
    path: "/waves/stretch",
    summary: "Lets what is left of a wave take so many times as long as planned, 1 or more",
    body: stretchBody,
    handle({ body }) {
      const { wave, factor } = body as z.infer<typeof stretchBody>;
      return change(
        wave,
        "stretched",
        (schedule, player) => stretched(schedule, factor, host.unixMs(), player.wave.lengthMs),
      );
    },
  }, {
    method: "post",
    path: "/waves/pause",
    summary: "Lets a wave stand still",
    body: waveBody,
    handle({ body }) {
      return change((body as z.infer<typeof waveBody>).wave, "paused", (schedule) => {
        if (schedule.pausedWallMs !== undefined) throw new RouteError(409, "it is paused already");
        return paused(schedule, host.unixMs());
      });
    },
  }, {
    method: "post",
    path: "/waves/resume",
    summary: "Lets a paused wave go on where it stood still",
    body: waveBody,
    handle({ body }) {
      return change((body as z.infer<typeof waveBody>).wave, "resumed", (schedule) => {
        if (schedule.pausedWallMs === undefined) throw new RouteError(409, "it is not paused");
        return resumed(schedule, host.unixMs());
      });
    },
  }, {
    method: "post",
    path: "/waves/stop",
    summary: "Ends a wave for good: what it has not released stays with its sponsors",
    body: waveBody,
    handle: ({ body }) =>
      change(
        (body as z.infer<typeof waveBody>).wave,
        "stopped",
        (schedule) => ({ ...schedule, isStopped: true }),
      ),
  }];
}
