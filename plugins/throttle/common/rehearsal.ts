import type { PluginRehearsal } from "../../../core/plugin/plugin.ts";

/** How much more often than on average a user may shake before the cap of its connection bites. */
const CAP_HEADROOM = 4;
const MIN_CAP_PER_S = 100;

/** Few users shake more often each than an event's do: what is offered isn't to be refused. */
export const rehearsal: PluginRehearsal = {
  settings({ users, shakesPerS }) {
    const connectionPerS = Math.max(MIN_CAP_PER_S, Math.ceil(CAP_HEADROOM * shakesPerS / users));
    return {
      connectionPerS,
      connectionBurst: 2 * connectionPerS,
      // A scenario that says nothing of levels is a proof of what the host can do: every shake is answered.
      mostLevel: 0,
    };
  },
};
