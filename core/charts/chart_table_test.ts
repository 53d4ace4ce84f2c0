import assert from "node:assert/strict";
import { chartTable } from "../monitor/timeline/chart_table.ts";
import { declaredBy } from "../plugin/declared.ts";
import seed from "../../plugins/seed/mod.ts";
import send from "../../plugins/send/mod.ts";
import shake from "../../plugins/shake/mod.ts";
import throttle from "../../plugins/throttle/mod.ts";
import { delta } from "./chart.ts";
import { ChartTable } from "./chart_table.ts";
import type { Declared, PluginChart } from "./declared.ts";

const CORE = {
  charts: [
    { id: "first", title: "First", unit: "perSecond", lines: [delta("a", "server", "a")] },
    { id: "last", title: "Last", unit: "count", lines: [delta("z", "server", "z")] },
  ],
  warnings: [{ id: "full", role: "server", metrics: ["full"], text: "are full" }],
} as const;

function declare(plugin: string, ...charts: PluginChart[]): Declared {
  return { plugin, charts, warnings: [] };
}

function shown({ charts }: ChartTable): string[] {
  return charts.map(({ id, lines }) => `${id}: ${lines.map(({ label }) => label).join(", ")}`);
}

const MADE = declare("maker", {
  id: "made",
  title: "Made",
  unit: "count",
  after: "first",
  lines: [delta("m", "server", "m")],
}, { id: "last", lines: [{ ...delta("y", "server", "y"), before: "z" }] });
const MENDED = declare("mender", {
  id: "made",
  lines: [{ ...delta("l", "server", "l"), before: "m" }],
}, { id: "last", lines: [{ ...delta("x", "server", "x"), before: "y" }] });

Deno.test("a plugin's chart and lines stand where it wants them, whoever is loaded first", () => {
  const wanted = ["first: a", "made: l, m", "last: x, y, z"];
  assert.deepEqual(shown(new ChartTable(CORE, [MADE, MENDED])), wanted);
  assert.deepEqual(shown(new ChartTable(CORE, [MENDED, MADE])), wanted);
});

Deno.test("what a plugin wants to stand beside may be missing: then it stands at the end", () => {
  const table = new ChartTable(CORE, [
    MENDED,
    declare("lone", { id: "lone", title: "Lone", after: "nowhere", lines: [delta("n", "client", "n")] }),
  ]);
  assert.deepEqual(shown(table), ["first: a", "last: z, x", "made: l", "lone: n"]);
});

Deno.test("the same line of two servers is one line", () => {
  assert.deepEqual(shown(new ChartTable(CORE, [MADE, MADE])), ["first: a", "made: m", "last: y, z"]);
});

Deno.test("a line is found by its chart and label, in the order of all lines", () => {
  const table = new ChartTable(CORE, [MADE]);
  assert.deepEqual(table.lines.map(({ label }) => label), ["a", "m", "y", "z"]);
  assert.equal(table.indexOf("last", "z"), 3);
  assert.equal(table.indexOf("last", "a"), -1);
  assert.equal(table.indexOf("none", "a"), -1);
});

Deno.test("a warning of a plugin adds its metrics to one that there is, or stands for itself", () => {
  const warnings = [
    { id: "full", role: "server" as const, metrics: ["fuller"] },
    { id: "odd", role: "client" as const, metrics: ["odd"], text: "are odd" },
  ];
  const table = new ChartTable(CORE, [{ plugin: "p", charts: [], warnings }]);
  assert.deepEqual(table.warnings.map(({ metrics, text }) => [metrics, text]), [
    [["full", "fuller"], "are full"],
    [["odd"], "are odd"],
  ]);
});

Deno.test("core and the built-in plugins together make the charts that users know, in their order", () => {
  for (const plugins of [[seed, send, shake, throttle], [throttle, shake, send, seed]]) {
    const table = chartTable(plugins.map(declaredBy));
    assert.deepEqual(shown(table).filter((line) => !line.match(/^(closes|gatewayCloses)/)), KNOWN);
  }
});

const KNOWN = [
  "rate: due (fleet), sent (fleet), answered (fleet), frames answered (servers)",
  "latency: p50, p90, p99, p99.9",
  "results: won, nothing, greetings, all gone, overloaded, notices, lost, not sent",
  "decisions: won, nothing, greetings, all gone, overloaded, refused before",
  "connections: open (servers), logged in (servers), open (gateways), connected (fleet), ready (fleet)",
  "connects: accepted (servers), ended (servers), accepted (gateways), ended (gateways), dials (fleet), broken off (fleet)",
  "packets: made, released by plan, won (servers), won (fleet)",
  "pool: in the pool, in the hands of SETs",
  "delivery: delivered, told again, heard of late (fleet)",
  "sends: sent, by the host, claims, claims paid, claims empty, refused, told to wait, expired, chats delivered",
  "money: made, won (servers), won (fleet), claimed (fleet), sent by users, sent by the host",
  "accounts: put in, pool, held, in sent packets, users, returned, off by",
  "waits: winner for the ledger, p50, winner for the ledger, p99, commit, p50, commit, p99, order to a worker, p99, projection behind",
  "ledger: rows made durable, commits, replies that waited for it, verdicts too late, its disk failed, ring full, refused, verdicts without a connection",
  "books: behind",
  "uplink: the books lack, carried a second, failures a second, hosts that are refused",
  "show: document, holding, paths down, documents that began to count, documents refused, older ones left out, messages that no path took",
  "showClock: off",
  "limits: of the host, of a connection or user, the queue's delay, the level, logins of the host, logins of a user, logins of who is banned, shakes of who is muted, connections of an address, at gateways, connections of all, at gateways, logins with a token, at gateways, no room for a connection, user has all they may, packets of a user, by the ledger, packets of a sponsor, by the ledger",
  "banned: banned or muted, closed for it",
  "level: level",
  "levels: 1 strained, 2 reading less, 3 claims only",
  "unanswered: level raised, waited too long, refused, and not told, connections left unread for a pass",
  "gateways: frames to users, frames to servers, servers not reached, refused: too many of one address, refused: no place, refused: another site's page, refused: no WebSocket",
  "cpu: servers, servers, the kernel in it, clients, clients, the kernel in it, gateways, gateways, the kernel in it",
  "machine: redpkt, other processes, the machine's own host, idle, our threads waiting for a core",
  "segments: sent again, dropped for want of room",
  "memory: servers, resident, servers, heap, clients, resident, clients, heap, gateways, resident, gateways, heap",
  "loop: servers, clients, gateways",
  "netPackets: received, sent, loopback",
  "netBytes: received, sent, loopback",
];
