import type { Host } from "../../core/cli/host.ts";
import type { EngineChoice } from "../../core/engine/choose.ts";
import { Child } from "../../core/rehearse/stage/child.ts";
import { sleep } from "../../core/base/clock.ts";

/** A server under load: all that the bench needs to know of it. */
export interface Subject {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Whether some of its answers bring a packet. */
  readonly givesPackets: boolean;
  /** Ends the process. */
  stop(): Promise<void>;
}

/**
 * Far above every load here, and the limit that follows the delay off: what is measured is the cost of answers, not of
 * refusals.
 */
export const CAPS = {
  hostPerS: 100_000_000,
  connectionPerS: 1_000_000,
  connectionBurst: 1_000_000,
  acceptsPerS: 0,
  loginsPerS: 10_000_000,
  targetMs: 10_000,
  mostLevel: 0,
} as const;
/** Packets a second that are won meanwhile: what a gala gives away. */
export const PACKETS_PER_S = 200;
/** Connections of the last window that may still be closing. */
const SPARE_CONNECTIONS = 800;
/** Longest that a bench may take; after it the bare server ends by itself. */
const MAX_SECONDS = 7_200;

/** A redpkt server with one worker, its plugins, and packets to win. */
export async function startRedpkt(host: Host, engine: EngineChoice, connections: number): Promise<Subject> {
  const caps = Object.entries(CAPS).flatMap(([name, value]) => ["--set", `throttle.${name}=${value}`]);
  const child = new Child(host, [
    "server",
    // Every address: two of loopback are dialed, since one gives its ports slowly beyond 13,000.
    ...["--host", "0.0.0.0", "--port", "0", "--admin", "127.0.0.1:0"],
    ...["--workers", "1", "--engine", engine, "--max-connections", String(connections + SPARE_CONNECTIONS)],
    ...caps,
  ]);
  try {
    const { port } = await child.started("listening", "admin");
    while (!await child.isReady()) await sleep(20);
    await child.request("POST", "/packets", {
      ratePerS: PACKETS_PER_S,
      total: PACKETS_PER_S * MAX_SECONDS,
      minFen: 1,
      maxFen: 200,
    });
    return {
      name: `redpkt ${engine}`,
      pid: child.pid,
      port: Number(port),
      givesPackets: true,
      stop: async () => void await child.stop(30_000),
    };
  } catch (error) {
    await child.stop(1_000);
    throw error;
  }
}

/** The bare server: every frame answered, no logic. */
export async function startFloor(executable: string, name: string): Promise<Subject> {
  const port = freePort();
  const args = ["--port", String(port), "--max-seconds", String(MAX_SECONDS)];
  const child = new Deno.Command(executable, { args, stdout: "null", stderr: "null" }).spawn();
  let hasEnded = false;
  void child.status.then(() => hasEnded = true);
  await reachable(port);
  return {
    name,
    pid: child.pid,
    port,
    givesPackets: false,
    stop: async () => {
      if (!hasEnded) child.kill("SIGTERM");
      await child.status;
    },
  };
}

/** It can't be given port 0: one that is free now, and hopefully a moment later. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function reachable(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      await sleep(20);
    }
  }
  throw new Error(`the bare server does not listen on port ${port}`);
}
