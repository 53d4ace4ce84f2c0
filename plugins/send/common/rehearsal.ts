import { percentOf, type PluginMeasure, type PluginRehearsal } from "../../../core/plugin/plugin.ts";

/** Most that one order to the admin API takes: its body, and its work, are bounded. */
const GROUPS_AN_ORDER = 10_000;
const MEMBERS_AN_ORDER = 1_000_000;

/** What users of a rehearsal need to send, and what the host sends them. */
export const rehearsal: PluginRehearsal = {
  async groups(ask, { users, groupSize }) {
    const groups = Array.from({ length: Math.ceil(users / groupSize) }, (_, i) => ({
      group: i + 1,
      users: [i * groupSize, Math.min(users, (i + 1) * groupSize) - 1],
    }));
    const most = Math.min(GROUPS_AN_ORDER, Math.floor(MEMBERS_AN_ORDER / groupSize));
    for (let i = 0; i < groups.length; i += most) {
      await ask("POST", "/groups", { groups: groups.slice(i, i + most) });
    }
  },
  async funds(ask, { users, amountFen }) {
    const order = { users: [0, users - 1], amountFen };
    // Asked again with the same key, the server tells how far it is.
    const headers = { "Idempotency-Key": "rehearsal" };
    for (;;) {
      const { state } = await ask<{ state: string }>("POST", "/fund", order, headers);
      if (state === "done") return;
    }
  },
  sends: (ask, { users, ...order }) => ask("POST", "/sends", { ...order, users: [0, users - 1] }),
};

/** How users fare with what they send each other, as the fleet sees it. */
export const measures: Readonly<Record<string, PluginMeasure>> = {
  sendsDonePercent: {
    unit: "percent",
    of: ({ client }) => percentOf(client.grew("sendsDone"), client.grew("sendsSent")),
  },
  claimsAnsweredPercent: {
    unit: "percent",
    of: ({ client }) => percentOf(client.grew("claimsAnswered"), client.grew("claimsSent")),
  },
  claimsPaid: { unit: "count", of: ({ client }) => client.grew("claimsPaid") },
  claimP99Ms: { unit: "ms", of: ({ client }) => client.percentile("claimLatencyUs", 99) / 1000 },
};
