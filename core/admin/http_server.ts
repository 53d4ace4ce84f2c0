import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { answer, type Exchange } from "./http_exchange.ts";
import type { HttpMetric } from "./http_metrics.ts";
import type { Guard } from "./guard.ts";
import type { HttpAddress, RunningApi } from "./serve.ts";
import { after } from "../time/clock.ts";

/** Connections at once: with what else a process opens they stay below the descriptors that engines leave. */
const MOST_CONNECTIONS = 128;
/** How long a request may take from its first byte to its last, and a new connection to begin one, in ms. */
const REQUEST_MS = 10_000;
/** How often that is looked at, in ms. */
const LOOK_MS = 500;
/** How long a connection may wait for its next request, in ms: longer than between two looks of a metric system. */
const IDLE_MS = 20_000;
const MOST_HEADER_BYTES = 16_384;
/** How long answers that are under way may take at the end, in ms. */
const LAST_ANSWERS_MS = 2_000;

/** What answers HTTP requests, and who may send them. */
export interface HttpService {
  readonly guard: Guard;
  fetch(request: Request): Response | Promise<Response>;
  /** Told of everybody who is turned away. */
  count(metric: HttpMetric): void;
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
export async function serveHttp(address: HttpAddress, service: HttpService): Promise<RunningApi> {
  const sockets = new Set<Socket>();
  const exchange: Exchange = { service, answering: new Map(), streams: 0 };
  const server = createServer({
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    connectionsCheckingInterval: LOOK_MS,
    keepAliveTimeout: IDLE_MS,
    maxHeaderSize: MOST_HEADER_BYTES,
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    if (sockets.size <= MOST_CONNECTIONS) return;
    service.count("httpOverfull");
    for (const each of sockets) if (!exchange.answering.has(each)) return void drop(each);
    drop(socket);
  });
  function drop(socket: Socket): void {
    sockets.delete(socket); // at once, so that the next one doesn't find it again
    socket.destroy();
  }
  const take = (request: IncomingMessage, response: ServerResponse) =>
    void answer(exchange, request, response);
  server.on("request", take);
  server.on("checkContinue", take);
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
    async stop() {
      const { promise: isOver, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      for (const socket of sockets) if (!exchange.answering.has(socket)) socket.destroy();
      const cancel = after(LAST_ANSWERS_MS, resolve);
      await isOver;
      cancel();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const REFUSALS: Readonly<Record<number, readonly [reason: string, error: string]>> = {
  400: ["Bad Request", "this is no request as HTTP/1.1 has them: see /openapi.json"],
  408: ["Request Timeout", `a request must be whole within ${REQUEST_MS / 1000} s: send it faster`],
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
