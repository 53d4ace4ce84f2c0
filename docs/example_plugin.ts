/**
 * An example plugin: a user asks for the roll of a die. It shows a frame of its own, a strict config, metrics, charts,
 * a measure, admission, the SET's random numbers, and a route of the admin API. Start a server with it:
 *
 *     redpkt server --plugins throttle,shake,./docs/example_plugin.ts --set dice.sides=20
 *
 * Only types are imported, so the file loads into any redpkt, the packed program too.
 */
import type { PluginApi } from "../core/plugin/loader.ts";

export default (api: PluginApi) => {
  const { ADMIT, definePlugin, delta, fromClient, fromServer, positionalWriter, refuseFor, u32, z } = api;
  // Frames of our own: their sizes, offsets and writers come from what is declared here.
  const roll = fromClient(0x0200, {});
  const writeRolled = positionalWriter(
    fromServer(0x0201, { rolled: u32, retryMs: u32 }),
    "rolled",
    "retryMs",
  );

  return definePlugin({
    name: "dice",

    // Every field has a default, so that the plugin runs without a config. Wrong values are refused at the start, all
    // of them at once, with their paths.
    config: z.strictObject({
      sides: z.int().min(2).max(1_000).default(6),
      everyMs: z.int().min(0).max(60_000).default(0),
    }),

    // Metrics appear in /counters, /metrics and /stream without further ado.
    metrics: {
      diceRolls: { kind: "counter", help: "Rolls that were answered" },
      diceSum: { kind: "counter", help: "Sum of all that was rolled" },
      diceRefused: { kind: "counter", help: "Rolls that came too soon after the one before" },
    },

    // A chart of its own, and a line on one that core has. Page, terminal and report show them: a monitor asks the server.
    charts: [
      {
        id: "dice",
        title: "Dice",
        unit: "perSecond",
        after: "connections",
        lines: [delta("rolls", "server", "diceRolls"), delta("sum of all rolls", "server", "diceSum")],
      },
      {
        id: "limits",
        lines: [{ ...delta("rolls", "server", "diceRefused"), before: "no room for a connection" }],
      },
    ],

    // Page and terminal warn in each second in which the counter grows.
    warnings: [{
      id: "dice",
      role: "server",
      metrics: ["diceRefused"],
      text: "rolls a second come too soon",
    }],

    // A scenario's threshold may be about it, and reports show it for each phase.
    measures: {
      rollsPerS: {
        unit: "count",
        label: "dice rolled a second",
        of: ({ server, seconds }) => server.grew("diceRolls") / seconds,
      },
    },

    // A rehearsal sets `dice.everyMs` to this, unless its scenario says otherwise.
    rehearsal: { settings: () => ({ everyMs: 0 }) },

    // One instance a SET. It shares nothing with the others, so it needs no lock.
    create(set, { sides, everyMs }) {
      const rolls = set.metric("diceRolls");
      const sum = set.metric("diceSum");
      const refused = set.metric("diceRefused");
      // A column by seat: a connection's number may be anything, and is used again.
      const nextMs = new Float64Array(set.seats);
      return {
        onOpen(connection) {
          nextMs[set.seatOf(connection)] = 0;
        },
        // Before a frame costs anything: one number, so it allocates nothing.
        admit(connection, opcode, nowMs) {
          if (opcode !== roll.opcode) return ADMIT;
          const seat = set.seatOf(connection);
          if (nowMs >= nextMs[seat]) {
            nextMs[seat] = nowMs + everyMs;
            return ADMIT;
          }
          set.count(refused);
          return refuseFor(nextMs[seat] - nowMs);
        },
        frames: {
          [roll.opcode]: {
            bytes: roll.bytes,
            // Synchronous, and allocates nothing: the reply goes into the buffer that is given.
            handle(_connection, _request, _at, reply, replyAt) {
              const rolled = set.random.between(1, sides);
              set.count(rolls);
              set.count(sum, rolled);
              return writeRolled(reply, replyAt, set.unixSeconds, rolled, 0);
            },
            // What was refused is answered with a 0, and with when to come again.
            refuse(_connection, _request, _at, reply, replyAt, _nowMs, retryAfterMs) {
              return writeRolled(reply, replyAt, set.unixSeconds, 0, retryAfterMs);
            },
          },
        },
      };
    },

    // The half on the main thread: one a host, for what only the whole host can know.
    control: (host, { sides }) => ({
      routes: [{
        method: "get",
        path: "/dice",
        summary: "How often the dice were rolled, and the mean",
        handle() {
          const rolls = host.total("diceRolls");
          return { sides, rolls, mean: rolls === 0 ? null : host.total("diceSum") / rolls };
        },
      }],
    }),
  });
};
