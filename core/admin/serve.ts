import type { Host } from "../cli/host.ts";
import { UserError } from "../base/user_error.ts";
import { type ApiOptions, buildApi } from "./api.ts";
import { showsToken } from "./bearer.ts";
import { makeGuard } from "./guard.ts";
import { isLoopbackHost } from "./host_name.ts";
import type { HttpMetric } from "./http_metrics.ts";
import { type HttpLimits, type HttpService, serveHttp } from "./http_server.ts";

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

/** Where an HTTP API is served, as flags say it. */
export interface Door {
  /** The flag that names the address, for messages. */
  readonly flag: string;
  readonly address: HttpAddress;
  /** Names by which it may be called besides. */
  readonly names: readonly string[];
  /** What is served, for messages. */
  readonly what: string;
}

/** The environment variable that holds the token of the HTTP APIs. */
export const TOKEN_VARIABLE = "REDPKT_TOKEN";

/** Reads `host:port`, or undefined if the text isn't one. */
export function parseHttpAddress(text: string): HttpAddress | undefined {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535) return undefined;
  return { hostname: match[1].replace(/^\[|\]$/g, ""), port: Number(match[2]) };
}

/**
 * The token that whoever asks an API must show; undefined if there is none.
 *
 * @throws UserError if others can reach the address and there is none
 */
export function tokenOf(host: Host, { flag, address }: Door): string | undefined {
  const token = host.env(TOKEN_VARIABLE);
  if (token === "") {
    throw new UserError(
      `${TOKEN_VARIABLE}: is set and empty. Give it a secret, or unset it to want no token`,
    );
  }
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new UserError(
      `${TOKEN_VARIABLE}: a header must hold it, so give ASCII letters, digits and signs, no spaces`,
    );
  }
  if (token !== undefined || isLoopbackHost(address.hostname)) return token;
  throw new UserError(
    `${flag} ${address.hostname}:${address.port}: others can reach this address. ` +
      `Set ${TOKEN_VARIABLE} to a secret that they must send, or use 127.0.0.1`,
  );
}

/**
 * Serves an admin API behind the guard. If `REDPKT_TOKEN` is set, it wants that.
 *
 * @throws UserError if the address can't be had, or may not be served without a token
 */
export async function serveApi(
  host: Host,
  door: Door,
  options: Omit<ApiOptions, "wantsToken"> & { readonly count: (metric: HttpMetric) => void },
): Promise<RunningApi> {
  const token = tokenOf(host, door);
  const isKnown = token === undefined ? undefined : (request: Request) => showsToken(request, token);
  const app = buildApi({ ...options, wantsToken: token !== undefined });
  return await openDoor(door, {
    guard: makeGuard({ ...door, isKnown }),
    fetch: (request) => app.fetch(request),
    count: options.count,
  });
}

/** Serves HTTP. @throws UserError if the address can't be had */
export async function openDoor(
  { flag, address, what }: Door,
  service: HttpService,
  limits?: HttpLimits,
): Promise<RunningApi> {
  try {
    return await serveHttp(address, service, limits);
  } catch (error) {
    const isTaken = (error as { code?: string }).code === "EADDRINUSE";
    const why = isTaken ? "the port is taken" : error instanceof Error ? error.message : error;
    throw new UserError(
      `Cannot serve ${what} on ${address.hostname}:${address.port}: ${why}. Choose another with ${flag}`,
    );
  }
}
