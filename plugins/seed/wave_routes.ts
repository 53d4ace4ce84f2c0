import { type HostContext, type PluginRoute, RouteError, z } from "../../core/plugin/plugin.ts";
import type { FixedChange, WaveChanges } from "./wave_changes.ts";
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
export function waveRoutes(host: HostContext, changes: WaveChanges, playing: () => Releases): PluginRoute[] {
  /** @param by the schedule as the order wants it; may throw a `RouteError` */
  function change<Body extends { readonly wave: string }>(
    action: string,
    summary: string,
    schema: z.ZodType<Body>,
    by: (body: Body, player: WavePlayer) => Schedule,
  ): PluginRoute {
    const path = `/waves/${action}`;
    return {
      method: "post",
      path,
      summary,
      body: schema,
      isOrder: true,
      handle({ body: given, header }) {
        const body = given as Body;
        const fix = (): FixedChange => {
          const all = playing();
          const player = playerOf(all, body.wave);
          const { hash } = host.tickets!;
          return { hash, wave: body.wave, schedule: by(body, player), greetedMs: all.greetedMs };
        };
        return changes.place({ route: `POST ${path}`, key: header("idempotency-key"), body }, fix);
      },
    };
  }
  return [
    {
      method: "get",
      path: "/waves",
      summary: "Every wave: when it plays, and how far it is",
      handle: () => playing().players.map((player) => playing().describe(player)),
    },
    change("move", "Begins a wave at another time", moveBody, ({ start, inS }, { schedule }) => {
      if (start !== undefined) return moved(schedule, Date.parse(start));
      if (host.mayRelease()) return moved(schedule, host.unixMs() + inS! * 1000);
      throw new RouteError(
        503,
        "this host's clock is off, so nobody knows when that is: give start, not inS",
      );
    }),
    change(
      "stretch",
      "Lets what is left of a wave take so many times as long as planned, 1 or more",
      stretchBody,
      ({ factor }, { schedule, wave }) => stretched(schedule, factor, host.unixMs(), wave.lengthMs),
    ),
    change("pause", "Lets a wave stand still", waveBody, (_, { schedule }) => {
      if (schedule.pausedWallMs !== undefined) throw new RouteError(409, "it is paused already");
      return paused(schedule, host.unixMs());
    }),
    change("resume", "Lets a paused wave go on where it stood still", waveBody, (_, { schedule }) => {
      if (schedule.pausedWallMs === undefined) throw new RouteError(409, "it is not paused");
      return resumed(schedule, host.unixMs());
    }),
    change(
      "stop",
      "Ends a wave for good: what it has not released stays with its sponsors",
      waveBody,
      (_, { schedule }) => ({ ...schedule, isStopped: true }),
    ),
  ];
}

function playerOf({ players }: Releases, name: string): WavePlayer {
  const player = players.find(({ wave }) => wave.name === name);
  if (player === undefined) {
    throw new RouteError(404, `there is no wave ${name}: ${players.map(({ wave }) => wave.name).join(", ")}`);
  }
  if (player.isOver) throw new RouteError(409, `wave ${name} is over`);
  return player;
}
