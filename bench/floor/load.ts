import { z } from "zod";
import { ShakeResult } from "../../core/wire/codes.ts";
import { premise } from "../common/premise.ts";
import { PACKETS_PER_S, type Subject } from "./servers.ts";

/** How a server is loaded. */
export interface Mode {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly string[];
  /** Shakes a second that are due in an open loop; undefined in a closed one. */
  readonly openPerS?: number;
}

/** Shakes that are under way at once in a closed loop. */
const IN_FLIGHT = 500;
/** Shakes a second of the open loop. */
const OPEN_PER_S = 30_000;

export const MODES: readonly Mode[] = [
  {
    name: "fixed",
    about: `closed loop, ${IN_FLIGHT} connections active`,
    flags: ["--inflight-conns", String(IN_FLIGHT)],
  },
  {
    name: "rotate",
    about: `closed loop, ${IN_FLIGHT} in flight over all connections`,
    flags: ["--inflight-conns", String(IN_FLIGHT), "--rotate"],
  },
  {
    name: "open",
    about: `open loop, ${OPEN_PER_S.toLocaleString("en-US")} a second over all connections`,
    flags: ["--qps", String(OPEN_PER_S)],
    openPerS: OPEN_PER_S,
  },
];

/** What one window came to. */
export interface Window {
  /** User and system time of the server's process an answered shake. */
  readonly usPerShake: number;
  readonly answeredPerS: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers that brought a packet, which cost more than the others. */
  readonly won: number;
  readonly rssBytes: number;
}

export interface WindowOptions {
  readonly connections: number;
  readonly seconds: number;
}

/** Before the window: everybody is connected, and the load has settled. */
const WARM_UP_S = 0.5;

/** What the load generator says of a window; counts are of all that it did, those that begin with `window` of the window. */
const reportSchema = z.object({
  connected: z.number(),
  logins_ok: z.number(),
  failed: z.number(),
  disconnects: z.number(),
  protocol_errors: z.number(),
  logins_bad: z.number(),
  unexpected_replies: z.number(),
  unanswered: z.number(),
  overrun: z.number(),
  send_blocked: z.number(),
  window_s: z.number(),
  window_sent: z.number(),
  throughput_rps: z.number(),
  by_code: z.record(z.string(), z.number()),
  latency_us: z.object({ p50: z.number(), p99: z.number() }),
  send_lag_us: z.object({ p99: z.number() }),
  server: z.object({ us_per_request: z.number(), rss_kb: z.number() }),
});
type Report = z.output<typeof reportSchema>;

/** Loads a server for one window. @throws PremiseFailed if anything went wrong that would make its figure a wrong one */
export async function measure(
  executable: string,
  mode: Mode,
  subject: Subject,
  { connections, seconds }: WindowOptions,
): Promise<Window> {
  const { success, stdout, stderr } = await new Deno.Command(executable, {
    args: [
      ...["--host", "127.0.0.1-127.0.0.2", "--port", String(subject.port)],
      ...["--conns", String(connections), "--connect-rate", "100000", "--rst"],
      ...["--warmup", String(WARM_UP_S), "--seconds", String(WARM_UP_S + seconds)],
      ...["--server-pid", String(subject.pid)],
      ...mode.flags,
    ],
  }).output();
  if (!success) throw new Error(`the load generator failed: ${new TextDecoder().decode(stderr)}`);
  const report = reportSchema.parse(JSON.parse(new TextDecoder().decode(stdout)));
  checkWindow(report, mode, subject, { connections, seconds });
  return {
    usPerShake: report.server.us_per_request,
    answeredPerS: report.throughput_rps,
    p50Us: report.latency_us.p50,
    p99Us: report.latency_us.p99,
    won: report.by_code[ShakeResult.won] ?? 0,
    rssBytes: report.server.rss_kb * 1024,
  };
}

/** The result in every answer of the bare server. */
const BARE_ANSWER = 0;
/** Of the packets that are given away in a window, so many must be won: else the load was another one. */
const LEAST_WON = 0.5;
/** Of the shakes that an open loop has due, so many must be sent, and not later than this. */
const LEAST_SENT = 0.99;
const MOST_LAG_US = 10_000;

/**
 * What a window's figure rests on: everybody was there and stayed, everything was answered and nothing refused, packets
 * were won where they are given away, the server used CPU time, and in the open loop the generator kept to its schedule.
 */
export function checkWindow(
  report: Report,
  mode: Pick<Mode, "name" | "openPerS">,
  { name, givesPackets }: Pick<Subject, "name" | "givesPackets">,
  { connections, seconds }: WindowOptions,
): void {
  const where = `${name}, ${mode.name}`;
  for (
    const fault of [
      ...["failed", "disconnects", "protocol_errors", "logins_bad"] as const,
      // A login repeats the packets that a window before has won and not acknowledged.
      ...(givesPackets ? [] : ["unexpected_replies"] as const),
      ...["unanswered", "overrun", "send_blocked"] as const,
    ]
  ) premise(report[fault] === 0, `${where}: ${report[fault]} ${fault}`);
  premise(
    report.logins_ok === connections,
    `${where}: ${report.logins_ok} of ${connections} connections were logged in`,
  );
  const { nothing, won } = ShakeResult;
  const wanted: readonly number[] = givesPackets ? [nothing, won] : [BARE_ANSWER];
  const others = Object.entries(report.by_code).filter(([code]) => !wanted.includes(Number(code)));
  premise(others.length === 0, `${where}: other answers than ${wanted}: ${JSON.stringify(others)}`);
  const due = LEAST_WON * PACKETS_PER_S * seconds;
  const seen = report.by_code[won] ?? 0;
  premise(!givesPackets || seen >= due, `${where}: ${seen} shakes won, where at least ${due} should`);
  premise(
    report.server.us_per_request > 0,
    `${where}: the server used no CPU time, so it is another process`,
  );
  if (mode.openPerS === undefined) return;
  const part = report.window_sent / (mode.openPerS * report.window_s);
  premise(part >= LEAST_SENT, `${where}: the generator sent ${(part * 100).toFixed(1)} % of its schedule`);
  const lagUs = report.send_lag_us.p99;
  premise(
    lagUs <= MOST_LAG_US,
    `${where}: the generator itself was ${(lagUs / 1_000).toFixed(1)} ms late at p99`,
  );
}
