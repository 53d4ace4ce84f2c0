import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { after } from "../base/clock.ts";
import { MOST_BODY_BYTES, tooLarge } from "./guard.ts";
import type { HttpLimits, HttpService } from "./http_server.ts";
import { problem } from "./problem.ts";

/** Requests of one connection that may wait for their turn. */
const MOST_WAITING = 8;
/** How long the rest of a refused request is read and dropped, so that its sender sees why, in ms. */
const LINGER_MS = 1_000;
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "DELETE"];

/** A connection. */
export class Peer {
  /** Requests that have come and aren't answered. */
  waiting = 0;
  /** An answer is on its way: until then it is only asking, and may make room for others. */
  isAnswered = false;
  /** The end of its last request: they are answered one by one. */
  turn: Promise<void> = Promise.resolve();
}

/** What is under way on a server. */
export interface Exchange {
  readonly service: HttpService;
  readonly limits: HttpLimits;
  readonly peers: Map<Socket, Peer>;
  /** Streams of events that are open. */
  streams: number;
}

/** Takes in one request, and answers it when those before it on its connection are answered. */
export async function take(
  exchange: Exchange,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { socket } = incoming;
  const peer = exchange.peers.get(socket);
  for (const each of [incoming, outgoing]) each.on("error", () => socket.destroy());
  if (peer === undefined || peer.waiting >= MOST_WAITING) {
    exchange.service.count("httpOverfull");
    return void socket.destroy();
  }
  peer.waiting++;
  peer.turn = peer.turn
    .then(() => socket.destroyed ? undefined : answer(exchange, peer, incoming, outgoing))
    .catch(() => void socket.destroy()); // a stream that broke off can't be ended in good order
  await peer.turn;
  peer.waiting--;
}

async function answer(
  exchange: Exchange,
  peer: Peer,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { service } = exchange;
  const head = headOf(incoming);
  const refusal = head instanceof Response ? head : service.guard(head, incoming.socket.localAddress);
  if (refusal !== undefined) return await refuse(exchange, incoming, outgoing, refusal);
  if (incoming.headers.expect !== undefined) outgoing.writeContinue();
  const body = await readBody(incoming);
  if (body === "too large") return await refuse(exchange, incoming, outgoing, tooLarge());
  if (body === "gone") return;
  peer.isAnswered = true;
  const request = head as Request;
  const response = await service.fetch(
    body.length === 0 ? request : new Request(request, { body }),
    incoming.socket.remoteAddress,
  );
  await send(exchange, outgoing, response, incoming.method === "HEAD");
  peer.isAnswered = false;
}

/** The request without its body; or what to say of one that could be read in two ways. */
function headOf(
  { method = "", url = "", rawHeaders, headers: { expect } }: IncomingMessage,
): Request | Response {
  if (!METHODS.includes(method)) {
    return problem(405, `no route takes ${method.slice(0, 20)}: see /openapi.json`, {
      allow: METHODS.join(", "),
    });
  }
  if (!/^\/(?![/\\])/.test(url)) return problem(400, "ask for a path alone, such as /health");
  if (expect !== undefined && expect.toLowerCase() !== "100-continue") {
    return problem(417, "nothing can be expected but 100-continue: leave the header Expect out");
  }
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  // Whoever answers knows no HEAD: it is a GET whose body is left out.
  return new Request(`http://redpkt${url}`, { method: method === "HEAD" ? "GET" : method, headers });
}

/** The whole body, unless there is more than there may be, or its sender leaves. */
async function readBody(
  incoming: IncomingMessage,
): Promise<Uint8Array<ArrayBuffer> | "too large" | "gone"> {
  const { promise, resolve } = Promise.withResolvers<"whole" | "too large" | "gone">();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  incoming.on("data", (chunk: Uint8Array<ArrayBuffer>) => {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) resolve("too large");
    else chunks.push(chunk);
  });
  incoming.on("end", () => resolve("whole"));
  incoming.on("close", () => resolve("gone"));
  const end = await promise;
  return end === "whole" ? new Uint8Array(await new Blob(chunks).arrayBuffer()) : end;
}

/** Sends a refusal and closes. What the peer still sends is dropped for a moment: it would see a reset instead. */
async function refuse(
  { service }: Exchange,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  refusal: Response,
): Promise<void> {
  service.count("httpRefused");
  const { socket, method } = incoming;
  const body = new Uint8Array(await refusal.arrayBuffer());
  writeHead(outgoing, refusal);
  outgoing.setHeader("connection", "close");
  outgoing.setHeader("content-length", body.length);
  outgoing.end(method === "HEAD" ? undefined : body);
  incoming.resume();
  socket.once("close", after(LINGER_MS, () => socket.destroy()));
}

async function send(
  exchange: Exchange,
  outgoing: ServerResponse,
  response: Response,
  isHead: boolean,
): Promise<void> {
  if (isHead) {
    writeHead(outgoing, response);
    outgoing.end();
    return await response.body?.cancel();
  }
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    const { streams } = exchange.limits;
    if (exchange.streams < streams) return await stream(exchange, outgoing, response);
    exchange.service.count("httpOverfull");
    await response.body?.cancel();
    response = problem(503, `${streams} streams are open, as many as may be: close one, or try again`, {
      "retry-after": "5",
    });
  }
  if (response.body !== null && response.headers.has("content-length")) {
    return await flow(exchange, outgoing, response);
  }
  const body = new Uint8Array(await response.arrayBuffer());
  writeHead(outgoing, response);
  outgoing.setHeader("content-length", body.length);
  outgoing.end(body);
  if (!outgoing.writableFinished) await read(exchange, outgoing, "finish");
}

/** Sends what comes, as long as somebody reads it. */
async function stream(exchange: Exchange, outgoing: ServerResponse, response: Response): Promise<void> {
  exchange.streams++;
  try {
    await flow(exchange, outgoing, response);
  } finally {
    exchange.streams--;
  }
}

/** Sends a body as it comes, no faster than the peer reads. */
async function flow(exchange: Exchange, outgoing: ServerResponse, response: Response): Promise<void> {
  const reader = response.body!.getReader();
  outgoing.on("close", () => void reader.cancel());
  writeHead(outgoing, response);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    if (!outgoing.write(value)) await read(exchange, outgoing, "drain");
  }
  outgoing.end();
}

/** Resolves when the peer has read what waits for it, or is gone; one that doesn't read is closed. */
async function read(
  { service, limits }: Exchange,
  outgoing: ServerResponse,
  event: "drain" | "finish",
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once(event, resolve);
  outgoing.once("close", resolve);
  const cancel = after(limits.readMs, () => {
    service.count("httpTimeouts");
    outgoing.destroy();
    resolve();
  });
  await promise;
  cancel();
  outgoing.off(event, resolve);
  outgoing.off("close", resolve);
}

function writeHead(outgoing: ServerResponse, { status, headers }: Response): void {
  outgoing.statusCode = status;
  // What comes from here is what it says it is, and no other site's page may show it as its own.
  outgoing.setHeader("x-content-type-options", "nosniff");
  outgoing.setHeader("cross-origin-resource-policy", "same-origin");
  for (const [name, value] of headers) outgoing.setHeader(name, value);
}
