import { HTTP_METRICS } from "../../admin/http_metrics.ts";
import { type MetricDefinition, MetricLayout } from "../../counters/counters.ts";
import { CloseCause, closeCauseName, emptyStats } from "../../engine/common/engine.ts";

const counter = (help: string): MetricDefinition => ({ kind: "counter", help });
const gauge = (help: string): MetricDefinition => ({ kind: "gauge", help });
const histogram = (help: string): MetricDefinition => ({ kind: "histogram", help });

/**
 * What a fleet's worker counts. Sums that always hold: due = sent + late + unconnected + overrun;
 * sent = answered + lost + given up + outstanding; answered = won + nothing + greeted + noticed +
 * allGone + overloaded = latencies + latencies unknown; claims sent = answered + lost + open, and so for sends.
 */
const definitions = {
  usersConnected: gauge("Users with a connection"),
  usersReady: gauge("Users that are logged in"),
  shakesOutstanding: gauge("Shakes that were sent and aren't answered yet"),
  shakesDue: counter("Ticks of the schedule that came to a user of this fleet"),
  shakesSent: counter("Shakes that were sent"),
  shakesAnswered: counter("Shakes that were answered, whatever the answer"),
  shakesWon: counter("Shakes that won a packet"),
  shakesNothing: counter("Shakes that won nothing"),
  shakesGreeted: counter("Shakes that won no packet and brought a sponsor's greeting"),
  shakesAllGone: counter("Shakes that were told that all packets are gone"),
  shakesOverloaded: counter("Shakes that were told that the server is overloaded"),
  shakesNoticed: counter(
    "Shakes that were answered with somebody's notice alone, as the public prototype's server does",
  ),
  shakesGivenUp: counter("Shakes whose user lost patience; an answer later on is counted as late"),
  answersLate: counter("Answers to shakes that were given up before"),
  answersUnasked: counter("Answers to no shake or send that was under way, beside awards"),
  latenciesUnknown: counter(
    "Answered shakes without a latency: version 0 can't tell whether the answer was an earlier shake's",
  ),
  shakesInTime: counter(
    "Shakes that were answered, other than overloaded, within the time that counts as good",
  ),
  shakesRetried: counter("Shakes that were sent again after overloaded, before their user's turn"),
  shakesLocal: counter(
    "Shakes that were answered with nothing by the fleet itself, outside a wave or before a cue's start",
  ),
  shakesPaced: counter(
    "Shakes that users left out or put off since the server's policy asks for longer waits",
  ),
  shakesTooSoon: counter("Shakes that came sooner after their user's last than the newest policy allows"),
  shakesLost: counter("Shakes whose connection ended before the answer"),
  ticksLate: counter("Ticks that the fleet reached too late, which are not made up"),
  ticksUnconnected: counter("Ticks of users that weren't logged in"),
  ticksConnecting: counter("Of these, ticks of users that had not been logged in before"),
  ticksOverrun: counter("Ticks of users that waited for an answer still, or whose send queue was full"),
  amountWonFen: counter("Money won by shaking, in fen; every packet counts once"),
  awardsLate: counter("Packets first heard of after another login, beside any shake"),
  awardsRepeated: counter("Packets that the server told of again; they count once"),
  awardsDouble: counter("Packets that were given to a second user of the same thread: a fault of the server"),
  awardsUnwritten: counter("Awards that found no room on their way to the awards file"),
  opensSent: counter("Packets that users asked to open"),
  packetsOpened: counter("Packets that users opened; every packet counts once"),
  amountOpenedFen: counter("Money in the packets that users opened, in fen"),
  opensBusy: counter("Packets that users could not open yet, and tried again later"),
  opensRefused: counter("Packets that users could not open"),
  passesHeard: counter("Passes that servers sent users: what they have won, for the next host"),
  passesShown: counter("Passes that users showed after a login"),
  passesHidden: counter("Passes that users who cheat didn't show after a login"),
  roams: counter("Times that a user left one server for the next of their own accord"),
  noticesReceived: counter("Notices of packets that somebody sent"),
  noticesIgnored: counter("Notices that users chose not to answer"),
  claimsSent: counter("Claims that were sent"),
  claimsAnswered: counter("Claims that were answered, whatever the answer"),
  claimsPaid: counter("Claims that brought money"),
  claimsEmpty: counter("Claims that came too late, or for nothing"),
  claimsBusy: counter("Claims that were asked to try again later"),
  claimsExpired: counter("Claims that came after the packet's time"),
  claimsLost: counter("Claims without an answer for 30 s, or repeated before one came"),
  sendsSent: counter("Packets that users sent"),
  sendsDone: counter("Packets that users sent, and the server took"),
  sendsRefused: counter("Packets that users sent, and the server refused"),
  sendsBusy: counter("Packets that users sent, and were asked to try again later"),
  sendsLost: counter("Packets that users sent, without an answer for 30 s"),
  amountSentFen: counter("Money in the packets that the server took, in fen"),
  packetsExpired: counter("Packets of which something came back to their sender"),
  chatsSent: counter("Chats that users sent to their groups"),
  chatsTaken: counter("Chats that the server took"),
  chatsRefused: counter("Chats that the server refused or shed"),
  chatsReceived: counter("Chats that users received from others"),
  cuesHeard: counter("Cues that users heard"),
  policiesHeard: counter("Policies that users heard"),
  resourcesHeard: counter("Times that users were told what to fetch in idle time, and where"),
  cuesOld: counter(
    "Cues, policies and manifests of an older document than their user has heard, which count for nothing",
  ),
  pingsSent: counter("Times that users asked for the server's time"),
  pongs: counter("Answers to these"),
  serverCloses: counter("Last frames of servers that said why they close"),
  amountClaimedFen: counter("Money claimed out of sent packets, in fen"),
  depotUsers: gauge("Users who really fetch resources from the depot"),
  depotUsersWhole: gauge("Of these, users who have every package of the manifest"),
  depotPackages: gauge("Packages of the manifest"),
  depotBytes: counter("Bytes of resources that came from the depot"),
  depotBytesInShakes: counter("Of these, bytes that came while people shook"),
  depotChunks: counter("Chunks that came whole and are what the manifest says, by their SHA-256"),
  depotDamaged: counter(
    "Chunks that came and are something else; they count for nothing and are fetched again",
  ),
  depotRefused: counter("Times that the depot said to come again"),
  depotFailed: counter("Times that a chunk couldn't be fetched"),
  depotPackagesWhole: counter("Packages that became whole for a user, who shows them from then on"),
  depotManifestsRefused: counter(
    "Manifests that don't count: not the one that the show names, not signed by somebody trusted, or damaged",
  ),
  modelledUsers: gauge("Users whose fetching is modelled: no byte of theirs moves"),
  modelledUsersWhole: gauge("Of these, users who would have every package"),
  modelledChunks: counter("Chunks that modelled users would have fetched"),
  modelledBytes: counter("Bytes that modelled users would have fetched"),
  modelledRefused: counter("Times that modelled users would have been told to come again"),
  modelledMostBytesInS: gauge("Most bytes that modelled users would have fetched in any second"),
  logins: counter("Logins that the server took"),
  loginsRefused: counter("Logins that the server answered with a refusal"),
  movesHeard: counter("Times that a host told a user to go elsewhere"),
  moves: counter("Users who logged in elsewhere, and left the host where they were then"),
  movesFailed: counter("Logins elsewhere that failed, while their user stayed where they were"),
  hostListsTaken: counter("Newer host lists that users go by"),
  hostListsRefused: counter(
    "Host lists that don't count: damaged, forged, mistaken, older or another event's",
  ),
  dials: counter("Connects that were started"),
  connects: counter("Connects that succeeded"),
  disconnects: counter("Established connections that ended while the fleet was running"),
  stalls: counter("Connections that this side gave up after 30 s without an answer"),
  badFramesTooShort: counter("Connections closed since a frame of the server was too short"),
  badFramesTooLong: counter("Connections closed since a frame of the server was too long"),
  badFramesUnknown: counter("Connections closed since the server sent an unknown opcode or result"),
  badFramesUnexpected: counter("Connections closed since the server sent a frame out of its turn"),
  badFramesWrongUser: counter("Connections closed since the server answered with another user's id"),
  bytesIn: counter("Bytes received"),
  bytesOut: counter("Bytes sent or queued"),
  wallSteps: counter("Steps of the wall clock; the schedule goes on from the new time"),
  passes: counter("Turns of the workers' loops"),
  threadsFirst: gauge("Threads that run before all others of the machine at present"),
  usersBehaving: gauge("Users of this fleet that behave; the other figures are of them alone"),
  badUsers: gauge("Users of this fleet that misbehave"),
  badConnected: gauge("Misbehaving users with a connection"),
  badFramesSent: counter("Times that a misbehaving user sent something"),
  badAnswers: counter("Answers to misbehaving users"),
  badDisconnects: counter("Connections of misbehaving users that ended"),
  badConnects: counter("Connects of misbehaving users that succeeded"),
  shakeLatencyUs: histogram("Microseconds from when a shake was due to its answer"),
  claimLatencyUs: histogram("Microseconds from a claim to its answer"),
  sendLatencyUs: histogram("Microseconds from a send to its answer"),
  admittedLatencyUs: histogram("The same of shakes that were answered otherwise than overloaded"),
  wonLatencyUs: histogram("The same of shakes that won a packet, whose answer waits for the ledger"),
  countdownErrorUs: histogram("Microseconds by which users' countdowns were off when they began to shake"),
  connectLatencyUs: histogram("Microseconds from the start of a connect to its success"),
};

function capitalized(name: string): string {
  return name[0].toUpperCase() + name.slice(1);
}

/** The counter of dials that failed for a cause, such as `dialFailedRefused`. */
export function dialFailedMetric(cause: CloseCause): string {
  return `dialFailed${capitalized(closeCauseName(cause))}`;
}

/** The counter of an engine's own number, such as `engineQueuedSends`. */
export function engineMetric(stat: string): string {
  return `engine${capitalized(stat)}`;
}

/** How many blocks of counters a fleet has: one a worker, one of the thread that fetches, and one of the main thread. */
export function fleetBlocks(workers: number): number {
  return workers + 2;
}

/** The metrics of `redpkt client`; see `fleetBlocks`. */
export const fleetMetrics = new MetricLayout({
  ...definitions,
  ...HTTP_METRICS,
  ...Object.fromEntries(
    Object.values(CloseCause).map((cause) => [
      dialFailedMetric(cause),
      counter(`Connects that failed: ${closeCauseName(cause)}`),
    ]),
  ),
  ...Object.fromEntries(
    Object.keys(emptyStats()).map((stat) => [engineMetric(stat), counter(`The engine's number of ${stat}`)]),
  ),
});

/** Handles by name, for counting. */
export const FleetMetric = Object.fromEntries(
  Object.keys(definitions).map((name) => [name, fleetMetrics.handle(name)]),
) as Readonly<Record<keyof typeof definitions, number>>;

/** By cause: the handle of its `dialFailed` counter. */
export const DIAL_FAILED_HANDLES: readonly number[] = Object.values(CloseCause).map((cause) =>
  fleetMetrics.handle(dialFailedMetric(cause))
);
