/** `redpkt party` as hosts use it: a process that is stopped, killed, started again, and ended. */
import assert from "node:assert/strict";
import { Phone } from "../../core/phone/library/mod.ts";
import { redpkt } from "../processes.ts";
import { PartyWorld } from "./party_world.ts";

const QUICK = [
  "--tls",
  "off",
  "--packets",
  "900",
  "--budget",
  "300",
  "--waves",
  "2",
  "--wave-seconds",
  "300",
];

/** Shakes until so many packets are won, and opens them; returns what was won, in fen. */
async function win(phone: Phone, packets: number): Promise<number[]> {
  const amounts: number[] = [];
  for (let tries = 0; amounts.length < packets; tries++) {
    assert.ok(tries < 200, "a packet is won in time");
    const outcome = await phone.shake();
    if (outcome.result === "ok") amounts.push((await phone.open(outcome.packet.packetId)).amountFen);
    else await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return amounts;
}

function phoneOf(world: PartyWorld, { user, token }: { user: number; token: string }): Phone {
  const phone = new Phone({
    to: `${world.base.replace(/^http/, "ws")}/`,
    user,
    token,
    times: { backoff: { baseMs: 200, capMs: 1_000 } },
  });
  void phone.connect();
  return phone;
}

Deno.test("a party that is killed goes on in its folder, and one that is ended has its list and a ledger that checks", async () => {
  await using world = new PartyWorld();
  await world.start(...QUICK, "--countdown-seconds", "0", "--per-guest", "4");
  const ann = await world.join("Ann");
  const bo = await world.join("Bo");
  assert.deepEqual([ann.user, bo.user], [1, 2]);
  await world.order("start");
  await world.until("the wave is on", async () => (await world.view()).news.phase === "wave");
  let phone = phoneOf(world, ann);
  const amounts = await win(phone, 2);
  phone.close();

  world.running.process.kill("SIGKILL");
  await world.running.ended();
  // The ledger's own process ends with the one that started it.
  const refusedFlags = await redpkt(["party", "--dir", world.dir, "--budget", "5"]);
  assert.equal(refusedFlags.code, 2);
  assert.match(refusedFlags.stderr, /--budget: the party in .* has begun and goes on as it is/);
  const before = world.base;
  await world.resume();
  assert.equal(world.base, before, "the links that guests have lead there still");
  assert.equal((await world.view()).news.phase, "wave", "the wave goes on");
  assert.deepEqual((await world.view()).guests.map(({ name, packets }) => [name, packets]), [["Ann", 2], [
    "Bo",
    0,
  ]]);
  phone = phoneOf(world, ann);
  amounts.push(...await win(phone, 2));
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    assert.notEqual((await phone.shake()).result, "ok", "four are all, over the restart too");
  }
  const mine = await world.request("/api/mine", {
    headers: { authorization: `Bearer ${ann.user}.${ann.token}` },
  });
  const { packets } = await mine.json();
  assert.deepEqual(packets.map(({ amountFen }: { amountFen: number }) => amountFen).sort(), amounts.sort());
  const forged = await world.request("/api/mine", { headers: { authorization: `Bearer 2.${ann.token}` } });
  assert.equal(forged.status, 401, "nobody sees another's packets");
  await forged.body?.cancel();

  const { openedFen, news } = await world.view();
  assert.equal(openedFen, amounts.reduce((sum, fen) => sum + fen, 0));
  assert.equal(news.packetsWon, 4);

  // Stopped in good order the evening isn't over; it can be ended without being started.
  phone.close();
  world.running.process.kill("SIGTERM");
  assert.equal(await world.running.ended(), 130);
  const end = await redpkt(["party", "--dir", world.dir, "--end", "--json"]);
  assert.equal(end.code, 0, end.stderr);
  const result = JSON.parse(end.stdout);
  const sumFen = amounts.reduce((sum, fen) => sum + fen, 0);
  assert.deepEqual(
    [
      result.schemaVersion,
      result.guests,
      result.winners,
      result.packetsOpened,
      result.wonFen,
      result.returnedFen,
    ],
    [1, 2, 1, 4, sumFen, 30_000 - sumFen],
  );
  assert.deepEqual(world.winners().map(({ amountFen }) => amountFen).sort(), amounts);
  const page = await Deno.readTextFile(`${world.dir}/winners.html`);
  assert.match(page, /<td>Ann<\/td><td>1<\/td><td>4<\/td>/);
  assert.match(page, /ledger checked: ok/);
  const again = await redpkt(["party", "--dir", world.dir]);
  assert.equal(again.code, 2);
  assert.match(again.stderr, /this party is over; its winners are in/);
});

Deno.test("a guest of the list is one user on all devices, and the host lets one in again", async () => {
  await using world = new PartyWorld();
  await Deno.writeTextFile(`${world.folder}/guests.csv`, "name,code\nAnn,\nBo,BOBO77\n");
  await world.start(...QUICK, "--guests", `${world.folder}/guests.csv`);
  assert.deepEqual(await world.join("Eve"), { refusal: "notListed" });
  assert.deepEqual(await world.join("Ann", "NOPE"), { refusal: "wrongCode" });
  assert.equal((await world.join("ann")).user, 1);
  assert.deepEqual(await world.join("Ann"), { refusal: "taken" });
  await world.order("release", { user: 1 });
  assert.equal((await world.join("Ann")).user, 1);
  assert.deepEqual([(await world.join("x", "bobo77")).user, (await world.join("y", "BOBO77")).user], [2, 2]);
  assert.deepEqual((await world.view()).guests.map(({ user, name, devices }) => [user, name, devices]), [
    [1, "Ann", 2],
    [2, "Bo", 2],
  ]);
  world.running.process.kill("SIGTERM");
  await world.running.ended();
});

Deno.test("a host without the secret orders nothing, and mistakes are told in one line each", async () => {
  await using world = new PartyWorld();
  await world.start(...QUICK);
  for (const [path, init] of [["/api/host/view", {}], ["/api/host/start", { method: "POST" }]] as const) {
    const { status, body } = await world.request(path, { ...init, headers: { authorization: "Bearer x" } });
    assert.equal(status, 401, path);
    await body?.cancel();
  }
  const other = await redpkt(["party", "--dir", world.dir, "--listen", "127.0.0.1:0"]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /process \d+ uses/);
  world.running.process.kill("SIGTERM");
  await world.running.ended();
  const wrong = await redpkt([
    ...[
      "party",
      "--dir",
      `${world.folder}/new`,
      "--budget",
      "0",
      "--waves",
      "x",
      "--at",
      "25:00",
      "--tls-cert",
      "c",
    ],
  ]);
  assert.equal(wrong.code, 2);
  assert.deepEqual(
    wrong.stderr.trim().split("\n").map((line) => /^redpkt party: (--[\w-]+)/.exec(line)?.[1]),
    [
      "--budget",
      "--waves",
      "--at",
      "--tls-cert",
    ],
  );
});
