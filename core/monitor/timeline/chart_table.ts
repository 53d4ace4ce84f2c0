import { closedMetric } from "../../set/common/metrics.ts";
import { CloseCode } from "../../wire/codes.ts";
import {
  type ChartSpec,
  delta,
  FEN,
  gauge,
  type LineSpec,
  percentiles,
  total,
  worst,
} from "../../charts/chart.ts";
import { ChartTable } from "../../charts/chart_table.ts";
import type { Declared } from "../../charts/declared.ts";
import { CORE_WARNINGS, LOST, NOT_SENT, SHOW_REFUSED } from "./health.ts";

/** CPU time of a second in ms, as per cent of one core. */
const OF_A_CORE = 0.1;

/**
 * Core's own charts, in the order in which they are shown. Plugins add lines to them, and charts between them: see
 * `PluginDefinition.charts`.
 */
const CORE_CHARTS: readonly ChartSpec[] = [
  {
    id: "rate",
    title: "Shakes due, sent and answered",
    unit: "perSecond",
    lines: [
      delta("due (fleet)", "client", "shakesDue"),
      delta("sent (fleet)", "client", "shakesSent"),
      delta("answered (fleet)", "client", "shakesAnswered"),
      delta("frames answered (servers)", "server", "framesOut"),
    ],
  },
  {
    id: "latency",
    title: "Latency",
    unit: "us",
    isLog: true,
    lines: percentiles("client", "shakeLatencyUs"),
  },
  {
    id: "results",
    title: "Answers by kind, as the fleet got them",
    unit: "perSecond",
    lines: [
      delta("won", "client", "shakesWon"),
      delta("nothing", "client", "shakesNothing"),
      delta("greetings", "client", "shakesGreeted"),
      delta("all gone", "client", "shakesAllGone"),
      delta("overloaded", "client", "shakesOverloaded"),
      delta("notices", "client", "shakesNoticed"),
      delta("lost", "client", ...LOST),
      delta("not sent", "client", ...NOT_SENT),
    ],
  },
  {
    id: "decisions",
    title: "Answers by kind, as the servers gave them",
    unit: "perSecond",
    lines: [
      delta("refused before", "server", "framesRefused"),
    ],
  },
  {
    id: "connections",
    title: "Connections",
    unit: "count",
    lines: [
      gauge("open (servers)", "server", "connections"),
      gauge("logged in (servers)", "server", "users"),
      gauge("open (gateways)", "gateway", "connections"),
      gauge("connected (fleet)", "client", "usersConnected"),
      gauge("ready (fleet)", "client", "usersReady"),
    ],
  },
  {
    id: "connects",
    title: "Connections that came and went",
    unit: "perSecond",
    lines: [
      delta("accepted (servers)", "server", "connectionsOpened"),
      delta("ended (servers)", "server", "connectionsClosed"),
      delta("accepted (gateways)", "gateway", "connectionsOpened"),
      delta("ended (gateways)", "gateway", "connectionsClosed"),
      delta("dials (fleet)", "client", "dials"),
      delta("broken off (fleet)", "client", "disconnects"),
    ],
  },
  {
    id: "packets",
    title: "Packets made and won",
    unit: "perSecond",
    lines: [
      delta("won (fleet)", "client", "shakesWon"),
    ],
  },
  {
    id: "delivery",
    title: "Awards on their way to users",
    unit: "perSecond",
    isSparse: true,
    lines: [
      delta("delivered", "server", "awardsDelivered"),
      delta("told again", "server", "awardsRepeated"),
      delta("heard of late (fleet)", "client", "awardsLate"),
    ],
  },
  {
    id: "money",
    title: "Money in all",
    unit: "yuan",
    lines: [
      total("won (fleet)", "client", "amountWonFen", FEN),
      total("claimed (fleet)", "client", "amountClaimedFen", FEN),
    ],
  },
  {
    id: "accounts",
    title: "Where the money is",
    unit: "yuan",
    lines: ([
      ["put in", "moneyPutInFen"],
      ["pool", "moneyPoolFen"],
      ["held", "moneyHeldFen"],
      ["in sent packets", "moneySentFen"],
      ["users", "moneyUsersFen"],
      ["returned", "moneyReturnedFen"],
      ["off by", "moneyOffFen"],
    ] as const).map(([label, metric]) => ({ ...gauge(label, "server", metric), scale: FEN })),
  },
  {
    id: "waits",
    title: "Waits inside the servers",
    unit: "us",
    isLog: true,
    lines: [
      ...percentiles("server", "awardWaitUs", "winner for the ledger, ", [50, 99]),
      ...percentiles("server", "ledgerCommitUs", "commit, ", [50, 99]),
      ...percentiles("server", "controlLatencyUs", "order to a worker, ", [99]),
      { ...gauge("projection behind", "server", "projectionLagMs"), scale: 1000 },
    ],
  },
  {
    id: "ledger",
    isSparse: true,
    title: "Ledger",
    unit: "perSecond",
    lines: [
      delta("rows made durable", "server", "ledgerRows"),
      delta("commits", "server", "ledgerCommits"),
      delta("replies that waited for it", "server", "repliesDeferred"),
      delta("verdicts too late", "server", "verdictsLate"),
      delta("its disk failed", "server", "ledgerFailures"),
      delta("verdicts without a connection", "server", "verdictsOrphaned"),
    ],
  },
  {
    id: "books",
    title: "How far the books are behind, the worst host",
    unit: "ms",
    lines: [worst("behind", "server", "uplinkLagMs")],
  },
  {
    id: "uplink",
    isSparse: true,
    title: "Rows on their way to the books",
    unit: "count",
    lines: [
      gauge("the books lack", "server", "uplinkLagRows"),
      delta("carried a second", "server", "uplinkRows"),
      delta("failures a second", "server", "uplinkFailures"),
      gauge("hosts that are refused", "server", "uplinkRefused"),
    ],
  },
  {
    id: "show",
    isSparse: true,
    title: "The show at the servers",
    unit: "count",
    lines: [
      worst("document", "server", "showNumber"),
      gauge("holding", "server", "showHolding"),
      gauge("paths down", "server", "showPathsDown"),
      delta("documents that began to count", "server", "showApplied"),
      delta("documents refused", "server", ...SHOW_REFUSED),
      delta("older ones left out", "server", "showOlder"),
      gauge("messages that no path took", "server", "showDropped"),
    ],
  },
  {
    id: "showClock",
    isSparse: true,
    title: "How far a server's clock is off the consoles', the worst",
    unit: "ms",
    lines: [worst("off", "server", "showClockOffMs")],
  },
  {
    id: "limits",
    isSparse: true,
    title: "Refused by limit",
    unit: "perSecond",
    lines: [
      delta("no room for a connection", "server", "engineRefusedPeers"),
      delta("packets of a user, by the ledger", "server", "ledgerUserLimit"),
      delta("packets of a sponsor, by the ledger", "server", "ledgerSponsorLimit"),
    ],
  },
  {
    id: "unanswered",
    isSparse: true,
    title: "Shed without an answer",
    unit: "perSecond",
    lines: [
      delta("connections left unread for a pass", "server", "engineLeftUnread"),
    ],
  },
  {
    id: "closes",
    isSparse: true,
    title: "Connections closed by the servers, by reason",
    unit: "perSecond",
    lines: Object.keys(CloseCode).map((name) => delta(inWords(name), "server", closedMetric(name))),
  },
  {
    id: "gateways",
    isSparse: true,
    title: "Gateways: frames brought, upgrades refused",
    unit: "perSecond",
    lines: [
      delta("frames to users", "gateway", "framesOut"),
      delta("frames to servers", "gateway", "framesIn"),
      delta("servers not reached", "gateway", "serverDialsFailed"),
      delta("refused: too many of one address", "gateway", "refusedRate"),
      delta("refused: no place", "gateway", "refusedFull"),
      delta("refused: another site's page", "gateway", "refusedOrigin"),
      delta("refused: no WebSocket", "gateway", "refusedHandshake"),
    ],
  },
  {
    id: "gatewayCloses",
    isSparse: true,
    title: "Connections closed by the gateways, by reason",
    unit: "perSecond",
    lines: Object.keys(CloseCode).map((name) => delta(inWords(name), "gateway", closedMetric(name))),
  },
  {
    id: "cpu",
    title: "CPU, per cent of one core",
    unit: "percent",
    lines: (["server", "client", "gateway"] as const).flatMap((role) => [
      {
        label: `${role}s`,
        source: { kind: "usage", role, value: "cpuMs" },
        scale: OF_A_CORE,
      },
      {
        label: `${role}s, the kernel in it`,
        source: { kind: "usage", role, value: "cpuSystemMs" },
        scale: OF_A_CORE,
      },
    ]),
  },
  {
    id: "machine",
    title: "Who had the machine in a rehearsal, per cent of one core",
    unit: "percent",
    lines: ([
      ["redpkt", "machineOwnCores"],
      ["other processes", "machineOthersCores"],
      ["the machine's own host", "machineStealCores"],
      ["idle", "machineIdleCores"],
      ["our threads waiting for a core", "machineWaitCores"],
    ] as const).map(([label, metric]) => ({ ...gauge(label, "client", metric), scale: 100 })),
  },
  {
    id: "segments",
    title: "Segments that were sent again or dropped in a rehearsal",
    unit: "perSecond",
    lines: [
      gauge("sent again", "client", "machineRetransmits"),
      gauge("dropped for want of room", "client", "machineDrops"),
    ],
  },
  {
    id: "memory",
    title: "Memory",
    unit: "bytes",
    lines: (["server", "client", "gateway"] as const).flatMap((role) => [
      { label: `${role}s, resident`, source: { kind: "usage", role, value: "rssBytes" } },
      { label: `${role}s, heap`, source: { kind: "usage", role, value: "heapUsedBytes" } },
    ]),
  },
  {
    id: "loop",
    title: "Event-loop delay, worst process",
    unit: "ms",
    lines: (["server", "client", "gateway"] as const).map((role) => ({
      label: `${role}s`,
      source: { kind: "usage", role, value: "loopDelayMs" },
    })),
  },
  { id: "netPackets", title: "Network packets", unit: "perSecond", lines: carried("Packets") },
  { id: "netBytes", title: "Network bytes", unit: "bytesPerSecond", lines: carried("Bytes") },
];

function carried(what: "Packets" | "Bytes"): LineSpec[] {
  return [
    { label: "received", source: { kind: "network", value: `rx${what}` } },
    { label: "sent", source: { kind: "network", value: `tx${what}` } },
    { label: "loopback", source: { kind: "loopback", value: `rx${what}` } },
  ];
}

/** Core's charts and warnings, with what plugins have declared in its place. */
export function chartTable(declared: readonly Declared[] = []): ChartTable {
  return new ChartTable({ charts: CORE_CHARTS, warnings: CORE_WARNINGS }, declared);
}

/** `frameTooLong` as `frame too long`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
