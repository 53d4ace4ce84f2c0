/**
 * An example plugin: a user asks for the roll of a die. It shows a frame of its own, a strict config, metrics, the SET's
 * random numbers, and a route of the admin API. Start a server with it:
 *
 *     redpkt server --plugins throttle,shake,./docs/example_plugin.ts --set dice.sides=20
 *
 * Only types are imported, so the file loads into any redpkt, the packed program too.
 */
import type { PluginApi } from "../core/plugin/loader.ts";

export default ({ definePlugin, fromClient, fromServer, u32, positionalWriter, z }: PluginApi) => {
  // Frames of our own: their sizes, offsets and writers come from what is declared here.
  const roll = fromClient(0x0200, {});
  const writeRolled = positionalWriter(fromServer(0x0201, { rolled: u32 }), "rolled");

  return definePlugin({
    name: "dice",

    // Every field has a default, so that the plugin runs without a config. Wrong values are refused at the start, all
    // of them at once, with their paths.
    config: z.strictObject({ sides: z.int().min(2).max(1_000).default(6) }),

    // Metrics appear in /counters, /metrics and /stream without further ado.
    metrics: {
      diceRolls: { kind: "counter", help: "Rolls that were answered" },
      diceSum: { kind: "counter", help: "Sum of all that was rolled" },
    },

    // One instance a SET. It shares nothing with the others, so it needs no lock.
    create(set, { sides }) {
      const rolls = set.metric("diceRolls");
      const sum = set.metric("diceSum");
      return {
        frames: {
          [roll.opcode]: {
            bytes: roll.bytes,
            // Synchronous, and allocates nothing: the reply goes into the buffer that is given.
            handle(_connection, _request, _at, reply, replyAt) {
              const rolled = set.random.between(1, sides);
              set.count(rolls);
              set.count(sum, rolled);
              return writeRolled(reply, replyAt, set.unixSeconds, rolled);
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
