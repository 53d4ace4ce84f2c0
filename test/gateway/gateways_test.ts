/** Gateways as processes, with phones of the client library: one killed, one drained, certificates renewed. */
import assert from "node:assert/strict";
import { connect } from "node:tls";
import { X509Certificate } from "node:crypto";
import { readSnapshots } from "../../core/admin/telemetry/snapshot_stream.ts";
import { sleep, systemClock } from "../../core/base/clock.ts";
import { systemBytes } from "../../core/base/random.ts";
import { makeSelfSigned } from "../../core/gateway/tls/self_signed.ts";
import { Phone, type PhoneState, webSocket } from "../../core/phone/library/mod.ts";
import { CloseCode } from "../../core/wire/codes.ts";
import { redpkt, startServer } from "../processes.ts";
import { startGateway } from "./gateway_processes.ts";
import { GatewayWorld } from "./gateway_world.ts";

const USERS = 30;
const PACKETS = 60;
/** How soon whoever lost their gateway is back; a machine that is busy with tests needs some of it. */
const BACK_MS = 30_000;
const MOST_MS = 120_000;

/** Waits until something is so, and fails when it takes too long. */
async function until(isDone: () => boolean | Promise<boolean>, mostMs = MOST_MS): Promise<void> {
  const untilMs = systemClock.monotonicMs() + mostMs;
  while (!await isDone()) {
    assert.ok(systemClock.monotonicMs() < untilMs, "it happens in time");
    await sleep(20);
  }
}

Deno.test("one of three gateways is killed: its users are back soon, and no award is lost or told twice", async () => {
  await using server = await startServer(["--packets-per-user", "0", "--packets-per-sponsor", "0"]);
  const ports = [server.port];
  await using one = await startGateway(ports);
  await using two = await startGateway(ports);
  await using three = await startGateway(ports);
  const to = [one.url, two.url, three.url];
  const told = new Map<number, number>();
  const opening: Promise<unknown>[] = [];
  const phones = Array.from({ length: USERS }, (_, user) => new Phone({ to, user: user + 1 }));
  const dropped = new Set<Phone>();
  for (const phone of phones) {
    phone.on("packet", ({ packetId }) => {
      told.set(packetId, (told.get(packetId) ?? 0) + 1);
      opening.push(phone.open(packetId));
    });
    await phone.connect();
  }
  const isReady = (phone: Phone) => phone.state.is === "ready";
  await until(() => phones.every(isReady));
  await server.post("/packets", { ratePerS: 20, total: PACKETS, minFen: 1, maxFen: 9 });
  const won = async () => (await server.get("/counters")).counters.shakeWon as number;
  let isShaking = true;
  const shaking = phones.map(async (phone) => {
    while (isShaking) {
      await phone.shake();
      await sleep(50);
    }
  });
  await until(async () => await won() > 5);
  const lost = (await one.get("/health")).users;
  assert.ok(lost > 0, "it has users");
  for (const phone of phones) phone.on("state", ({ is }) => is !== "ready" && dropped.add(phone));
  one.running.process.kill("SIGKILL");
  await until(() => dropped.size >= lost, BACK_MS);
  await until(() => phones.every(isReady), BACK_MS);
  assert.equal(dropped.size, lost, "nobody else noticed");
  await until(async () => await won() === PACKETS);
  isShaking = false;
  await Promise.all(shaking);
  await until(() => told.size === PACKETS);
  await Promise.all(opening);
  assert.ok([...told.values()].every((times) => times === 1), "each once");
  const { counters } = await server.get("/counters");
  const sum = phones.flatMap(({ packets }) => packets).reduce((sum, { amountFen }) => sum + amountFen, 0);
  assert.deepEqual([counters.shakeOpened, counters.shakeAmountOpenedFen], [PACKETS, sum]);
  for (const phone of phones) phone.close();
});

Deno.test("a gateway that is told to stop sends its users elsewhere; monitors see it as what it is", async () => {
  await using server = await startServer(["--proxy-protocol", "127.0.0.1"]);
  await using one = await startGateway([server.port], ["--send-proxy-protocol"]);
  await using other = await startGateway([server.port], ["--send-proxy-protocol"]);
  const phone = new Phone({ to: [one.url, other.url], user: 1 });
  await phone.connect();
  await until(() => phone.state.is === "ready");
  const usersOf = async (gateway: typeof one) => (await gateway.get("/health")).users as number;
  const [home, away] = await usersOf(one) === 1 ? [one, other] : [other, one];
  for await (const { role, gauges } of readSnapshots(home.api, {})) {
    assert.equal(role, "gateway");
    if (gauges.users === 1) break;
  }
  const metrics = await (await fetch(`${home.api}/metrics`)).text();
  assert.match(metrics, /redpkt_build_info\{.*role="gateway"/);
  assert.match(metrics, /^redpkt_servers_up 1$/m);
  const states: PhoneState[] = [];
  phone.on("state", (state) => states.push(state));
  home.running.process.kill("SIGTERM");
  assert.equal(await home.running.ended(), 0);
  await until(() => phone.state.is === "ready");
  const [{ is, ...why }] = states;
  assert.deepEqual([is, "code" in why && why.code], ["waiting", CloseCode.draining]);
  assert.equal(await usersOf(away), 1);
  phone.close();
});

Deno.test("mistakes in flags are told all at once", async () => {
  const args = [
    "--tls-cert",
    "x",
    "--server",
    "nowhere",
    "--allow-origin",
    "party.example",
    "--message-bytes",
    "1",
    "--set",
    "throttle.hostPerS=5",
  ];
  const { code, stderr } = await redpkt(["gateway", ...args]);
  assert.equal(code, 2);
  for (const word of ["--tls-key", "--server", "--allow-origin", "--message-bytes", "plugins.throttle"]) {
    assert.ok(stderr.includes(word));
  }
});

/** The certificate that whoever connects now is shown. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new X509Certificate(raw).fingerprint256);
    });
    socket.on("error", reject);
  });
}

Deno.test("a renewed certificate is shown to who comes now, and nobody who is there notices", async () => {
  const make = () =>
    makeSelfSigned({
      names: ["127.0.0.1", "localhost"],
      wallMs: systemClock.wallMs(),
      serial: systemBytes(16),
    });
  const [first, second] = [await make(), await make()];
  await using server = await startServer();
  await using world = await GatewayWorld.start([server.port], {
    tls: first,
    serve: () => new Response("page"),
    clock: systemClock,
  });
  using client = Deno.createHttpClient({ caCerts: [first.cert, second.cert] });
  class TrustingSocket extends WebSocket {
    constructor(address: string) {
      // Of the browser's types, which pages bring along, this isn't one.
      super(address, { client } as never);
    }
  }
  const phone = new Phone({ to: `wss://${world.address}/`, user: 1, transport: webSocket(TrustingSocket) });
  const states: PhoneState[] = [];
  await phone.connect();
  await until(() => phone.state.is === "ready");
  phone.on("state", (state) => states.push(state));
  const { port } = world.gateway.address;
  assert.equal(await shown(port), new X509Certificate(first.cert).fingerprint256);
  world.gateway.renew(second);
  assert.equal(await shown(port), new X509Certificate(second.cert).fingerprint256);
  assert.equal(await (await fetch(`https://${world.address}/`, { client })).text(), "page");
  assert.deepEqual(await phone.shake(), { result: "nothing" });
  assert.deepEqual([states, world.total("tlsReloads")], [[], 1]);
  phone.close();
  await until(() => world.total("connections") === 0);
});
