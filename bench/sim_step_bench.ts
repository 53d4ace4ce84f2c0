/**
 * What a step of the simulated network costs beside hosts that wait: whole hosts with plugins, and one user who shakes.
 * `deno task bench` prints the time of one shake, from the user to the host and back.
 */
import { SimNetwork } from "../core/engine/sim/network.ts";
import shake from "../plugins/shake/mod.ts";
import throttle from "../plugins/throttle/mod.ts";
import { SimClient, type SimPeer } from "../test/sim/sim_client.ts";
import { SimHost } from "../core/world/host/sim_host.ts";

const FIRST_PORT = 1025;
/** So that nobody shakes too often. */
const BETWEEN_MS = 600;

/** Hosts on one network, and a user of the first one. */
function open(hosts: number): { network: SimNetwork; user: SimPeer } {
  const network = new SimNetwork(1);
  for (let i = 0; i < hosts; i++) {
    const plugins = [{ plugin: throttle, config: { mostLevel: 0 } }, { plugin: shake }];
    network.agenda.join(new SimHost(network, { plugins, seed: i + 1, seats: 4, port: FIRST_PORT + i }));
  }
  const client = new SimClient(network, 4);
  network.agenda.join(client);
  const user = client.dial().login(1);
  while (user.answers.length === 0) network.step();
  return { network, user };
}

/** Lets the user shake once, and time pass until they may again. */
function shakeOnce({ network, user }: ReturnType<typeof open>): void {
  const { clock } = network;
  const untilMs = clock.monotonicMs() + BETWEEN_MS;
  const before = user.answers.length;
  user.shake(1);
  while (user.answers.length === before) network.step();
  while (clock.monotonicMs() < untilMs) network.step();
}

for (const hosts of [1, 20, 600]) {
  let world: ReturnType<typeof open> | undefined;
  Deno.bench(`a shake, and ${BETWEEN_MS} ms of ${hosts} hosts`, { n: 20 }, () => {
    world ??= open(hosts);
    shakeOnce(world);
  });
}
