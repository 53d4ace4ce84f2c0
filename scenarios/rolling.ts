import type { Scenario } from "../core/rehearse/measure/scenario.ts";
import lostHost from "./lost_host.ts";

/** Every host of twelve is drained and started anew, one after the other, while users shake: nobody notices. */
export default {
  ...lostHost,
  name: "rolling",
  about: "twelve hosts are drained and started anew, one after the other: every shake is answered within 2 s",
  hosts: { ...lostHost.hosts, bars: { disconnectPercent: 0 } },
  phases: [
    {
      ...lostHost.phases[0],
      seconds: 30,
      shakesPerS: 300,
      places: [{ atS: 5, do: { what: "roll", name: "all", perS: 400 } }],
    },
  ],
} satisfies Scenario;
