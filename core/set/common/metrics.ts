import { HTTP_METRICS } from "../../admin/http_metrics.ts";
import type { MetricDefinition } from "../../counters/counters.ts";
import { emptyStats } from "../../engine/common/engine.ts";
import { CLOSE_CODES } from "../../wire/codes.ts";

const counter = (help: string): MetricDefinition => ({ kind: "counter", help });
const gauge = (help: string): MetricDefinition => ({ kind: "gauge", help });

/** The counter of connections that were closed for a reason, such as `closedFrameTooLong`. */
export function closedMetric(reason: string): string {
  return `closed${reason[0].toUpperCase()}${reason.slice(1)}`;
}

/** What every SET counts, whatever its plugins. */
export const SET_METRICS: Readonly<Record<string, MetricDefinition>> = {
  connections: gauge("Connections that are open now"),
  users: gauge("Users that are logged in now"),
  connectionsOpened: counter("Connections that were accepted"),
  connectionsClosed: counter("Connections that ended, for whatever reason"),
  logins: counter("Logins that were answered"),
  framesIn: counter("Whole frames that were received"),
  framesOut: counter("Frames that were sent"),
  bytesIn: counter("Bytes that were received"),
  bytesOut: counter("Bytes that were sent or queued"),
  framesRefused: counter("Frames that a plugin did not admit, and that were answered so"),
  framesDropped: counter("Frames that a plugin dropped without an answer"),
  repliesDeferred: counter("Replies that waited for the ledger"),
  verdictsOrphaned: counter("Verdicts of the ledger whose connection was gone, or was answered before"),
  verdictsLate: counter("Winners that were answered without a verdict, since it took too long"),
  awardsDelivered: counter("Awards that have reached their users"),
  deliveredUnknown: counter(
    "Frames `delivered` for a packet that their connection wasn't told of, or told before",
  ),
  awardsRepeated: counter(
    "Awards that were sent again at a login, since they may not have reached their users",
  ),
  passesSent: counter("Passes that users were sent: what they have won, signed for the event's other hosts"),
  passesTaken: counter("Passes of users that told the ledger of awards of other hosts"),
  passesKnown: counter("Passes of users that told the ledger nothing new"),
  passesDamaged: counter("Passes that are none: cut off, or of another size than they say"),
  passesOfOther: counter("Passes that were shown by another user than their own"),
  passesUnknownKey: counter("Passes made with a key that this host doesn't have"),
  passesForged: counter("Passes that no host made for this user, event and these awards"),
  passesTooMany: counter("Passes past the most of one connection, which nobody looks at"),
  passesUnchecked: counter("Passes that came to a host without keys, which can't check them"),
  movesTold: counter("Users who were told to move to another host"),
  pluginFailures: counter("Plugins that failed and were disabled for a SET"),
  ...Object.fromEntries(
    Object.entries(CLOSE_CODES).map(([name, [, when]]) => [
      closedMetric(name),
      counter(`Connections that this side closed for the reason ${name}: ${when}`),
    ]),
  ),
  closedPlugin: counter("Connections that a plugin closed for a reason of its own"),
};

/** What every worker counts, in the block of its first SET, and the main thread in its own. */
export const WORKER_METRICS: Readonly<Record<string, MetricDefinition>> = {
  loginsUnchecked: gauge("1 while no token is checked, so that anybody can be any user"),
  ...HTTP_METRICS,
  passes: counter("Turns of the workers' loops"),
  threadsFirst: gauge("Workers that run before all other threads of the machine at present"),
  busyUs: counter("Time in microseconds that the workers' loops were not asleep"),
  controlLatencyUs: {
    kind: "histogram",
    help: "Microseconds from an order of the main thread to a worker until its answer is back",
  },
  awardWaitUs: {
    kind: "histogram",
    help: "Microseconds from a winner's shake until the ledger's verdict is back",
  },
  peerMessages: counter("Messages from SETs to SETs"),
  peerMailboxFull: counter("Messages from SETs to SETs that found a full mailbox and wait or are dropped"),
  wallSteps: counter("Steps of the wall clock by more than 100 ms"),
  ...Object.fromEntries(
    Object.keys(emptyStats()).map((
      name,
    ) => [`engine${name[0].toUpperCase()}${name.slice(1)}`, counter(ENGINE_HELP(name))]),
  ),
};

function ENGINE_HELP(name: string): string {
  const help: Record<string, string> = {
    refusedPeers: "Peers that were accepted just to be closed, since the host is full",
    staleEvents: "Events of an earlier user of a connection number, dropped",
    queuedSends: "Sends of which the kernel took only a part",
    overfullQueues: "Replies that a full send queue could not take",
    failedAccepts: "Accepts that failed for lack of descriptors or memory",
    bufferShortages: "Receives that found no free buffer",
    leftUnread: "Times that a connection with news was left unread, since the loop had no time for it",
  };
  return help[name];
}
