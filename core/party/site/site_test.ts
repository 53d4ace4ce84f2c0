import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { Tokens } from "../../token/token.ts";
import { Evening } from "../state/evening.ts";
import { NO_PAGES } from "../resources/kept_pages.ts";
import { Guests } from "../state/guests.ts";
import type { Party } from "../state/party_folder.ts";
import { equalPlan, readPartyPlan } from "../state/party_plan.ts";
import { Presence } from "../state/presence.ts";
import { Wins } from "../state/wins.ts";
import { Site } from "./site.ts";

/** Of one address, in these tests. */
const MOST_COMERS = 60;
const SECRET = "the host's secret";

function bench(guestsMost = 500) {
  const folder = Deno.makeTempDirSync();
  const clock = new ManualClock();
  const wishes = {
    budgetYuan: 30,
    packets: 30,
    waves: 3,
    waveSeconds: 60,
    perGuest: 3,
    guests: guestsMost,
    language: "en" as const,
  };
  const plan = readPartyPlan(equalPlan({ name: "Evening", sponsors: ["Tea"], ...wishes }), "party");
  const party = { id: "p", plan, code: "ABC234", secret: SECRET } as Party;
  const guests = new Guests({ path: `${folder}/guests.jsonl`, code: party.code, most: guestsMost });
  const wins = new Wins(`${folder}/ledger`);
  const orders: string[] = [];
  const comers = new Map<string, number>();
  const evening = new Evening(party, wins);
  const tokens = new Tokens({ keys: [{ id: 1, secret: new Uint8Array(32).fill(1) }], event: "p" });
  const site = new Site({
    ...{ clock, party, evening, guests, wins, tokens, presence: new Presence() },
    serverPort: 1,
    tokenWaitMs: (from) => {
      const admitted = (comers.get(from) ?? 0) + 1;
      comers.set(from, admitted);
      return admitted > MOST_COMERS ? 500 : 0;
    },
    pages: NO_PAGES,
    joinUrl: "https://h/#ABC234",
    qrSvg: "<svg/>",
    order: (order) => {
      orders.push(order);
      return order === "pause" ? Promise.reject(new Error("no wave is on")) : Promise.resolve();
    },
    trouble: () => "",
  });
  const ask = (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    from = "10.0.0.1",
  ) =>
    site.fetch(
      new Request(`https://h${path}`, {
        method,
        headers: {
          host: "h",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      }),
      from,
    );
  return {
    clock,
    site,
    orders,
    evening,
    tokens,
    ask,
    [Symbol.dispose]() {
      site.close();
      guests.close();
      Deno.removeSync(folder, { recursive: true });
    },
  };
}

Deno.test("who comes in gets a token that is theirs, and the refusal has a word for the page", async () => {
  using it = bench();
  const joined = await it.ask("POST", "/api/join", { name: "Ann", code: "abc234" });
  const { party, user, name, token } = await joined.json();
  assert.deepEqual([party, user, name], ["p", 1, "Ann"]);
  const bytes = Uint8Array.fromHex(token);
  assert.equal(it.tokens.check(new DataView(bytes.buffer), 0, 1, it.clock.wallMs()), 0);
  const refused = await it.ask("POST", "/api/join", { name: "Bo", code: "x" });
  assert.deepEqual([refused.status, await refused.json()], [403, { refusal: "wrongCode" }]);
  it.evening.hasEnded = true;
  assert.deepEqual(await (await it.ask("POST", "/api/join", { name: "Bo", code: "ABC234" })).json(), {
    refusal: "over",
  });
});

Deno.test("who asks too often is told so by address, large and strange bodies are refused, and other sites' pages too", async () => {
  using it = bench();
  const statuses: number[] = [];
  for (let i = 0; i < 70; i++) {
    statuses.push((await it.ask("POST", "/api/join", { name: "Ann", code: "no" })).status);
  }
  assert.deepEqual([statuses.filter((status) => status === 403).length, statuses.at(-1)], [60, 429]);
  const elsewhere = await it.ask("POST", "/api/join", { name: "Ann", code: "ABC234" }, {}, "10.0.0.2");
  assert.equal(elsewhere.status, 200, "others are not held up");
  const join = (body: unknown, headers = {}) => it.ask("POST", "/api/join", body, headers, "10.0.0.3");
  assert.equal((await join({ name: "x".repeat(3_000), code: "ABC234" })).status, 400);
  assert.equal((await join("[1]")).status, 400);
  const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
  assert.equal((await join({ name: "A", code: "ABC234" }, foreign)).status, 403);
  assert.equal((await join({ name: "A", code: "ABC234" }, { origin: "https://h" })).status, 200);
});

Deno.test("only the host's secret orders; what can't be done is told in words", async () => {
  using it = bench();
  const host = { authorization: `Bearer ${SECRET}` };
  for (const headers of [{}, { authorization: "Bearer x" }, { authorization: SECRET }]) {
    assert.equal(
      (await it.ask("POST", "/api/host/start", {}, headers as Record<string, string>)).status,
      401,
    );
    assert.equal(
      (await it.ask("GET", "/api/host/view", undefined, headers as Record<string, string>)).status,
      401,
    );
  }
  assert.equal((await it.ask("POST", "/api/host/start", {}, host)).status, 200);
  const paused = await it.ask("POST", "/api/host/pause", {}, host);
  assert.deepEqual([paused.status, await paused.json()], [409, { errors: ["no wave is on"] }]);
  assert.equal((await it.ask("POST", "/api/host/nonsense", {}, host)).status, 404);
  assert.deepEqual(it.orders, ["start", "pause"]);
  const text = await (await it.ask("GET", "/api/host/view", undefined, host)).text();
  assert.ok(!text.includes(SECRET));
  assert.equal(JSON.parse(text).code, "ABC234");
});

Deno.test("news come at once and with every change, to a bounded number of listeners", async () => {
  using it = bench(1);
  const reader = (await it.ask("GET", "/api/news")).body!.pipeThrough(new TextDecoderStream()).getReader();
  const first = (await reader.read()).value!;
  assert.match(first, /^retry: 1000\nevent: news\ndata: \{"version":1,/);
  assert.ok(!first.includes("ABC234"), "news tell everybody, so they tell no code");
  await it.ask("POST", "/api/join", { name: "Ann", code: "ABC234" });
  assert.match((await reader.read()).value!, /"guests":1/);
  const listen = (from: string) => it.ask("GET", "/api/news", undefined, {}, from);
  const others = await Promise.all(Array.from({ length: 30 }, () => listen("10.0.0.1")));
  assert.equal(others.filter(({ status }) => status === 503).length, 30 - 26, "one address has half at most");
  const more = await Promise.all(Array.from({ length: 30 }, () => listen("10.0.0.2")));
  assert.equal(more.filter(({ status }) => status === 503).length, 30 - 26, "53 places are all");
  await reader.cancel();
  assert.equal((await it.ask("GET", "/api/news")).status, 200, "who leaves makes room");
});
