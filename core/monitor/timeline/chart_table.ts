import { closedMetric } from "../../set/common/metrics.ts";
import { CloseCode } from "../../wire/codes.ts";
import type { ChartSpec, LineSpec } from "./charts.ts";
import { LOST, NOT_SENT } from "./health.ts";
import type { Role } from "./merge.ts";

const delta = (label: string, role: Role, ...metrics: string[]): LineSpec => ({
  label,
  source: { kind: "delta", role, metrics },
});
const gauge = (label: string, role: Role, ...metrics: string[]): LineSpec => ({
  label,
  source: { kind: "gauge", role, metrics },
});
const total = (label: string, role: Role, metric: string, scale = 1): LineSpec => ({
  label,
  source: { kind: "total", role, metrics: [metric] },
  scale,
});
const percentiles = (role: Role, metric: string, name = "", of = [50, 90, 99, 99.9]): LineSpec[] =>
  of.map((percent) => ({
    label: `${name}p${percent}`,
    source: { kind: "percentile", role, metric, percent },
  }));

const FEN = 0.01;
/** How many SETs are at level 1, 2 and 3. */
const LEVEL_GAUGES = ["throttleSetsStrained", "throttleSetsReadingLess", "throttleSetsClaimsOnly"] as const;
/** CPU time of a second in ms, as per cent of one core. */
const OF_A_CORE = 0.1;

/**
 * Every chart there is. A line whose metric no process has is left out, and a chart without lines: names of plugins'
 * metrics cost nothing where the plugin isn't loaded.
 */
export const CHARTS: readonly ChartSpec[] = [
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
      delta("won", "server", "shakeWon"),
      delta("nothing", "server", "shakeNothing"),
      delta("greetings", "server", "shakeGreeted"),
      delta("all gone", "server", "shakeAllGone"),
      delta("overloaded", "server", "shakeOverloaded"),
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
      delta("dials (fleet)", "client", "dials"),
      delta("broken off (fleet)", "client", "disconnects"),
    ],
  },
  {
    id: "packets",
    title: "Packets made and won",
    unit: "perSecond",
    lines: [
      delta("made", "server", "shakePacketsMade"),
      delta("released by plan", "server", "seedReleased"),
      delta("won (servers)", "server", "shakeWon"),
      delta("won (fleet)", "client", "shakesWon"),
    ],
  },
  {
    id: "pool",
    title: "Packets due and not won",
    unit: "count",
    lines: [
      gauge("in the pool", "server", "shakePacketsInPool"),
      gauge("in the hands of SETs", "server", "shakePacketsLeased"),
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
    id: "sends",
    title: "Packets that users send",
    unit: "perSecond",
    isSparse: true,
    lines: [
      delta("sent", "server", "sendPackets"),
      delta("claims", "server", "sendClaims"),
      delta("claims paid", "server", "sendClaimsPaid"),
      delta("claims empty", "server", "sendClaimsEmpty"),
      delta("refused", "server", "sendRefused"),
      delta("told to wait", "server", "sendBusy", "sendClaimsBusy"),
      delta("expired", "server", "sendExpired"),
      delta("chats delivered", "server", "sendChatsDelivered"),
    ],
  },
  {
    id: "money",
    title: "Money in all",
    unit: "yuan",
    lines: [
      total("made", "server", "shakeAmountMadeFen", FEN),
      total("won (servers)", "server", "shakeAmountWonFen", FEN),
      total("won (fleet)", "client", "amountWonFen", FEN),
      total("claimed (fleet)", "client", "amountClaimedFen", FEN),
    ],
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
      delta("ring full", "server", "shakeLedgerFull"),
      delta("refused", "server", "shakeAwardsRefused"),
      delta("verdicts without a connection", "server", "verdictsOrphaned"),
    ],
  },
  {
    id: "throttle",
    isSparse: true,
    title: "Refused by limit",
    unit: "perSecond",
    lines: [
      delta("of the host", "server", "throttleByHost"),
      delta("of a connection or user", "server", "throttleByConnection"),
      delta("the queue's delay", "server", "throttleByDelay"),
      delta("the level", "server", "throttleByLevel"),
      delta("logins of the host", "server", "throttleLoginsByHost"),
      delta("logins of a user", "server", "throttleLoginsByUser"),
      delta("no room for a connection", "server", "engineRefusedPeers"),
      delta("user has all he may", "server", "shakeAtLimit"),
      delta("packets of a user, by the ledger", "server", "ledgerUserLimit"),
      delta("packets of a sponsor, by the ledger", "server", "ledgerSponsorLimit"),
    ],
  },
  {
    id: "level",
    title: "Degradation level, the highest of any SET",
    unit: "count",
    lines: [{ label: "level", source: { kind: "highest", role: "server", metrics: LEVEL_GAUGES } }],
  },
  {
    id: "levels",
    isSparse: true,
    title: "SETs that shed, by level",
    unit: "count",
    lines: [
      gauge("1 strained", "server", LEVEL_GAUGES[0]),
      gauge("2 reading less", "server", LEVEL_GAUGES[1]),
      gauge("3 claims only", "server", LEVEL_GAUGES[2]),
    ],
  },
  {
    id: "unanswered",
    isSparse: true,
    title: "Shed without an answer",
    unit: "perSecond",
    lines: [
      delta("waited too long", "server", "throttleStale"),
      delta("refused, and not told", "server", "throttleUnanswered"),
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
    id: "cpu",
    title: "CPU, per cent of one core",
    unit: "percent",
    lines: (["server", "client"] as const).flatMap((role) => [
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
    lines: (["server", "client"] as const).flatMap((role) => [
      { label: `${role}s, resident`, source: { kind: "usage", role, value: "rssBytes" } },
      { label: `${role}s, heap`, source: { kind: "usage", role, value: "heapUsedBytes" } },
    ]),
  },
  {
    id: "loop",
    title: "Event-loop delay, worst process",
    unit: "ms",
    lines: (["server", "client"] as const).map((role) => ({
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

/** All lines of all charts, in the order in which points hold their values. */
export const LINES: readonly LineSpec[] = CHARTS.flatMap(({ lines }) => lines);

/** `frameTooLong` as `frame too long`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
