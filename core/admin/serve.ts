import type { Host } from "../cli/host.ts";
import { UserError } from "../base/user_error.ts";
import { after } from "../base/clock.ts";
import { type ApiOptions, buildApi } from "./api.ts";

/** An address to serve HTTP on. */
export interface HttpAddress {
  readonly hostname: string;
  /** 0 for any free port. */
  readonly port: number;
}

export interface RunningApi {
  readonly address: HttpAddress;
  /** Answers what is under way, then stops. */
  stop(): Promise<void>;
}

/** The environment variable that holds the bearer token of an admin API. */
export const TOKEN_VARIABLE = "REDPKT_TOKEN";

/** Reads `host:port`, or undefined if the text isn't one. */
export function parseHttpAddress(text: string): HttpAddress | undefined {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) return undefined;
  return { hostname: match[1].replace(/^\[|\]$/g, ""), port: Number(match[2]) };
}

/** Whether only this host can reach an address. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/**
 * Serves an admin API. Off loopback it needs the token of `REDPKT_TOKEN`.
 *
 * @throws UserError if the address can't be had, or may not be served without a token
 */
export function serveApi(
  host: Host,
  flag: string,
  address: HttpAddress,
  options: Omit<ApiOptions, "token">,
): RunningApi {
  const token = host.env(TOKEN_VARIABLE) || undefined;
  if (token === undefined && !isLoopbackHost(address.hostname)) {
    throw new UserError(
      `${flag} ${address.hostname}:${address.port}: others can reach this address. ` +
        `Set ${TOKEN_VARIABLE} to a secret that they must send, or use 127.0.0.1`,
    );
  }
  const app = buildApi({ ...options, token });
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({ ...address, onListen: () => {} }, (request) => app.fetch(request));
  } catch (error) {
    const where = `${address.hostname}:${address.port}`;
    if (error instanceof Deno.errors.AddrInUse) {
      throw new UserError(
        `Cannot serve the admin API on ${where}: the port is taken. Choose another with ${flag}`,
      );
    }
    throw new UserError(
      `Cannot serve the admin API on ${where}: ${error instanceof Error ? error.message : error}. ` +
        `Choose another address with ${flag}`,
    );
  }
  return { address: { ...address, port: server.addr.port }, stop: () => stopServer(server) };
}

/** How long answers that are under way may take at the end. */
const LAST_ANSWERS_MS = 2_000;

/** Stops serving: answers what is under way, but doesn't wait for a reader that doesn't read. */
export async function stopServer(server: Deno.HttpServer<Deno.NetAddr>): Promise<void> {
  const { promise: isOver, resolve: giveUp } = Promise.withResolvers<void>();
  const cancel = after(LAST_ANSWERS_MS, giveUp);
  await Promise.race([server.shutdown(), isOver]);
  cancel();
}
