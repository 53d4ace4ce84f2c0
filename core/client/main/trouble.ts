import type { Log, LogLevel } from "../../cli/log.ts";
import type { Counters } from "../../counters/counters.ts";

/** Least time between two lines about the same trouble, in ms. */
const QUIET_MS = 5_000;

interface Trouble {
  readonly metric: string;
  readonly level: LogLevel;
  readonly event: string;
  /** What is likely, and what to do. */
  readonly hint: string;
}

const dial = (cause: string, level: LogLevel, hint: string): Trouble => ({
  metric: `dialFailed${cause}`,
  level,
  event: "cannot connect",
  hint,
});
const fault = (metric: string, level: LogLevel, event: string, hint: string): Trouble => ({
  metric,
  level,
  event,
  hint,
});

const TROUBLES: readonly Trouble[] = [
  dial(
    "Refused",
    "warn",
    "no server listens there; the fleet goes on trying. Start redpkt server, or check --server",
  ),
  dial("Reset", "warn", "the server ended connections before they were up; is it starting or full?"),
  dial(
    "Timeout",
    "warn",
    "no answer from the server's address; check --server and firewalls, or lower --connect-rate",
  ),
  dial(
    "NoPort",
    "error",
    "no local port is left: give more addresses with --server or --source, or widen net.ipv4.ip_local_port_range",
  ),
  dial(
    "NoDescriptor",
    "error",
    "no descriptor is left: raise the limit with ulimit -n (and fs.file-max), or give fewer --users",
  ),
  dial(
    "NoMemory",
    "error",
    "the kernel has no memory for sockets: a connection takes about 3.5 kB on each side. Give fewer --users, or add memory",
  ),
  dial(
    "Unreachable",
    "error",
    "no way there, or a --source address isn't this host's: check --server and --source with ip addr",
  ),
  fault(
    "loginsRefused",
    "warn",
    "login refused",
    "the server doesn't want these users; the fleet goes on trying. Check --users",
  ),
  ...["TooShort", "TooLong", "Unknown", "Unexpected", "WrongUser"].map((kind) =>
    fault(
      `badFrames${kind}`,
      "error",
      "the server broke the protocol",
      `frames ${kind}: is it a redpkt server? Those connections were closed`,
    )
  ),
  fault(
    "stalls",
    "warn",
    "no answers",
    "connections without an answer for 30 s were given up; is the server overloaded or cut off?",
  ),
  fault(
    "awardsDouble",
    "error",
    "a packet was given twice",
    "two users were told of one packet id: a fault of the server",
  ),
  fault(
    "awardsUnwritten",
    "error",
    "awards not written",
    "they came faster than the --awards file took them; the counters have them all",
  ),
];

/** Says what goes wrong as one line each at most every 5 s, however often it happens. */
export class TroubleReport {
  readonly #counters: Counters;
  readonly #log: Log;
  readonly #told = TROUBLES.map(() => 0);
  readonly #quietUntilMs = TROUBLES.map(() => -Infinity);

  constructor(counters: Counters, log: Log) {
    this.#counters = counters;
    this.#log = log;
  }

  /** Looks for new trouble; call it a few times a second. */
  look(nowMs: number): void {
    TROUBLES.forEach(({ metric, level, event, hint }, i) => {
      const times = this.#counters.total(metric);
      if (times === this.#told[i] || nowMs < this.#quietUntilMs[i]) return;
      this.#log(level, event, { reason: metric, times: times - this.#told[i], hint });
      this.#told[i] = times;
      this.#quietUntilMs[i] = nowMs + QUIET_MS;
    });
  }
}
