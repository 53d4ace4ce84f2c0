import type { PluginRehearsal } from "../../../core/plugin/plugin.ts";

/** A scenario's packets are ordered of this plugin, and users win them by shaking. */
export const rehearsal: PluginRehearsal = {
  packets: (ask, order) => ask("POST", "/packets", order),
  columns: { server_won: "shakeWon", packets_made: "shakePacketsMade" },
  won: { packets: "shakeWon", fen: "shakeAmountWonFen" },
};
