import type { Scenario } from "../core/rehearse/measure/scenario.ts";
import lostHost from "./lost_host.ts";

/** A city with two of the three clusters is lost under load: the other one carries everybody until it is back. */
export default {
  ...lostHost,
  name: "lost_city",
  about: "a city with two clusters of three is lost under load: the third carries everybody until it is back",
  hosts: {
    clusters: [
      { name: "north", city: "beijing", hosts: 4 },
      { name: "west", city: "beijing", hosts: 4 },
      { name: "south", city: "shenzhen", hosts: 4 },
    ],
    moveS: 10,
    backS: 20,
    bars: { disconnectPercent: 200 },
  },
  phases: [
    {
      ...lostHost.phases[0],
      seconds: 90,
      places: [
        { atS: 5, do: { what: "kill", name: "beijing" } },
        { atS: 45, do: { what: "start", name: "beijing" } },
      ],
    },
  ],
} satisfies Scenario;
