import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { type Exchange, Peer, take } from "./http_exchange.ts";
import type { HttpMetric } from "./http_metrics.ts";
import type { Guard } from "./guard.ts";
import type { HttpAddress, RunningApi } from "./serve.ts";
import { after } from "../base/clock.ts";

/** How often it is looked for requests that take too long, in ms. */
const LOOK_MS = 500;
/** How long a connection may wait for its next request, in ms: longer than between two looks of a metric system. */
const IDLE_MS = 20_000;
const MOST_HEADER_BYTES = 16_384;
/** How long answers that are under way may take at the end, in ms. */
const LAST_ANSWERS_MS = 2_000;

/** How much a peer may ask for, and how slowly. */
export interface HttpLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Streams of events at once. */
  readonly streams: number;
  /** How long a request may take from its first byte to its last, and a new connection to begin one, in ms. */
  readonly requestMs: number;
  /** How long a peer may leave unread what waits for it, in ms. */
  readonly readMs: number;
}

/** With what else a process opens, the connections stay below the descriptors that engines leave. */
const LIMITS: HttpLimits = { connections: 128, streams: 64, requestMs: 10_000, readMs: 20_000 };

/** What answers HTTP requests, and who may send them. */
export interface HttpService {
  readonly guard: Guard;
  /** @param from the address that it came from */
  fetch(request: Request, from?: string): Response | Promise<Response>;
  /** Told of everybody who is turned away. */
  count(metric: HttpMetric): void;
}

/** A certificate and its key, both in PEM. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

/** What a server of HTTP may do besides. */
export interface HttpMore {
  /** With it TLS is spoken. */
  readonly tls?: TlsPair | undefined;
  /** Takes connections that ask to become something else. They count among the others no more, and outlive `stop`. */
  readonly upgrade?: (request: IncomingMessage, socket: Socket, head: Uint8Array) => void;
}

export interface RunningHttp extends RunningApi {
  /** New connections are shown this certificate; those that there are stay. */
  renew(tls: TlsPair): void;
}

/**
 * Serves HTTP within limits: nobody can keep it busy by asking slowly, much, or on many connections. A connection
 * beyond the most takes the place of the oldest one that has no answer coming, so that those who hold connections
 * without asking keep nobody out.
 *
 * It stands on `node:http`, since `Deno.serve` limits neither time nor connections.
 *
 * @throws the system's error if the address can't be had
 */
export async function serveHttp(
  address: HttpAddress,
  service: HttpService,
  limits = LIMITS,
  { tls, upgrade }: HttpMore = {},
): Promise<RunningHttp> {
  const peers = new Map<Socket, Peer>();
  const exchange: Exchange = { service, limits, peers, streams: 0 };
  const options = {
    requestTimeout: limits.requestMs,
    headersTimeout: limits.requestMs,
    connectionsCheckingInterval: LOOK_MS,
    keepAliveTimeout: IDLE_MS,
    maxHeaderSize: MOST_HEADER_BYTES,
    requireHostHeader: false, // the guard refuses it, in words
  };
  const server: Server & { setSecureContext?(tls: TlsPair): void } = tls === undefined
    ? createServer(options)
    : createTlsServer({ ...options, ...tls, handshakeTimeout: limits.requestMs });
  server.maxHeadersCount = 0; // those past the most would be left out unseen; their bytes are limited
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    peers.set(socket, new Peer());
    socket.on("close", () => peers.delete(socket));
    socket.on("error", () => socket.destroy());
    if (peers.size > limits.connections) makeRoom(socket);
  });
  function makeRoom(newest: Socket): void {
    service.count("httpOverfull");
    const [oldest = newest] = peers.entries().filter(([, peer]) => !peer.isAnswered).map(([socket]) =>
      socket
    );
    peers.delete(oldest); // at once, so that the next one doesn't find it again
    oldest.destroy();
  }
  for (const event of ["request", "checkContinue", "checkExpectation"]) {
    server.on(
      event,
      (request: IncomingMessage, response: ServerResponse) => void take(exchange, request, response),
    );
  }
  if (upgrade !== undefined) {
    server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Uint8Array) => {
      peers.delete(socket);
      upgrade(request, socket, head);
    });
  }
  server.on("connect", (_request: IncomingMessage, socket: Socket) => refuse(socket, 405));
  server.on("clientError", (error: Error & { code?: string }, socket: Socket) => {
    const isLate = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
    if (isLate) service.count("httpTimeouts");
    refuse(socket, isLate ? 408 : error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: address.port, host: address.hostname }, resolve);
  });
  const bound = server.address() as { port: number };
  return {
    address: { ...address, port: bound.port },
    renew: (tls) => server.setSecureContext!(tls),
    async stop() {
      const { promise: isOver, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      for (const [socket, { isAnswered }] of peers) if (!isAnswered) socket.destroy();
      const cancel = after(LAST_ANSWERS_MS, resolve);
      await isOver;
      cancel();
      for (const socket of peers.keys()) socket.destroy();
    },
  };
}

const REFUSALS: Readonly<Record<number, readonly [reason: string, error: string]>> = {
  400: ["Bad Request", "this is no request as HTTP/1.1 has them: see /openapi.json"],
  405: ["Method Not Allowed", "this is no proxy: see /openapi.json"],
  408: ["Request Timeout", `a request must be whole within ${LIMITS.requestMs / 1000} s: send it faster`],
  431: ["Request Header Fields Too Large", `headers have at most ${MOST_HEADER_BYTES} bytes: send fewer`],
};

/** Answers what came to no request, and closes. */
function refuse(socket: Socket, status: number): void {
  if (!socket.writable) return void socket.destroy();
  const [reason, error] = REFUSALS[status];
  const body = JSON.stringify({ errors: [error] });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}
