/** Some hosts' links in one process, without the hosts: what `redpkt server` has in its thread `link`. */
import { createPublicKey } from "node:crypto";
import { after, systemClock } from "../../core/base/clock.ts";
import { Random } from "../../core/base/random.ts";
import { openBus, parseBuses } from "../../core/bus/open_bus.ts";
import { LinkAgent } from "../../core/link/link_agent.ts";
import { showOrder } from "../../core/link/show_order.ts";
import { FolderStore } from "../../core/link/show_store.ts";

/** What a process of agents is told. */
export interface AgentsInit {
  readonly event: string;
  readonly hosts: readonly string[];
  readonly buses: readonly string[];
  readonly keys: readonly (readonly [string, string])[];
  readonly folder: string;
}

/** A line of its standard output: a document counts at a host, so long after its time. */
export interface Applied {
  readonly host: string;
  readonly number: number;
  readonly lateMs: number;
}

if (import.meta.main) {
  const { event, hosts, buses, keys, folder } = JSON.parse(Deno.args[0]) as AgentsInit;
  const trusted = new Map(keys.map(([id, pem]) => [id, createPublicKey(pem)]));
  const order = showOrder(trusted, event);
  for (const host of hosts) {
    let cancel = () => {};
    const turn = () => {
      const ms = agent.turn();
      cancel();
      cancel = after(Math.min(ms, 1_000), turn);
    };
    const agent = new LinkAgent({
      name: { event, host, city: "", cluster: "" },
      buses: parseBuses("--bus", buses).map((place) => openBus(place, order, undefined)),
      trusted,
      store: new FolderStore(`${folder}/${host}`),
      clock: systemClock,
      random: new Random([...host].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7)),
      host: {
        check: (_show, answer) => answer([]),
        apply: (show) => {
          const said: Applied = {
            host,
            number: show.number,
            lateMs: systemClock.wallMs() - show.activateMs!,
          };
          console.log(JSON.stringify(said));
        },
        hold: () => {},
        count: () => {},
        log: () => {},
        wake: () => {
          cancel();
          cancel = after(0, turn);
        },
      },
    });
    agent.start();
    turn();
  }
}
