import { ShakeResult } from "../../core/wire/codes.ts";
import type { Subject } from "./servers.ts";

/** How a server is loaded. */
export interface Mode {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly string[];
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

/** Loads a server for one window; throws if anything went wrong that would make its figure a wrong one. */
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
  const result = JSON.parse(new TextDecoder().decode(stdout));
  for (const fault of ["failed", "disconnects", "protocol_errors", "logins_bad"]) {
    if (result[fault] !== 0) {
      throw new Error(`${subject.name}: ${result[fault]} ${fault}: the figure is void`);
    }
  }
  const refused = result.by_code[ShakeResult.overloaded] ?? 0;
  if (refused > 0) {
    throw new Error(`${subject.name}: ${refused} answers were refusals, which cost less: the figure is void`);
  }
  const won = result.by_code[ShakeResult.won] ?? 0;
  if (subject.givesPackets && won === 0) {
    throw new Error(`${subject.name}: nobody won, though packets were ordered: the figure is void`);
  }
  return {
    usPerShake: result.server.us_per_request,
    answeredPerS: result.throughput_rps,
    p50Us: result.latency_us.p50,
    p99Us: result.latency_us.p99,
    won,
    rssBytes: result.server.rss_kb * 1024,
  };
}
