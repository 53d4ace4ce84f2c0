import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { after } from "../time/clock.ts";
import { MOST_BODY_BYTES, tooLarge } from "./guard.ts";
import type { HttpService } from "./http_server.ts";
import { problem } from "./problem.ts";

/** Streams of events at once. */
const MOST_STREAMS = 64;
/** How long a peer may leave unread what waits for it, in ms. */
const READ_MS = 20_000;
/** How long the rest of a refused request is read and dropped, so that its sender sees why, in ms. */
const LINGER_MS = 1_000;
const METHODS: readonly string[] = ["GET", "HEAD", "POST", "PUT", "DELETE"];

/** What is under way on a server. */
export interface Exchange {
  readonly service: HttpService;
  /** Connections with an answer coming, and how many. */
  readonly answering: Map<Socket, number>;
  /** Streams of events that are open. */
  streams: number;
}

/** Takes in one request, and answers it. */
export async function answer(
  exchange: Exchange,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { service, answering } = exchange;
  const { socket } = incoming;
  for (const each of [incoming, outgoing]) each.on("error", () => socket.destroy());
  const head = headOf(incoming);
  const refusal = head instanceof Response ? head : service.guard(head, socket.localAddress);
  if (refusal !== undefined) return await refuse(exchange, incoming, outgoing, refusal);
  if (incoming.headers.expect !== undefined) outgoing.writeContinue();
  const body = await readBody(incoming);
  if (body === "too large") return await refuse(exchange, incoming, outgoing, tooLarge());
  if (body === "gone") return;
  answering.set(socket, (answering.get(socket) ?? 0) + 1);
  try {
    const request = head as Request;
    const response = await service.fetch(body.length === 0 ? request : new Request(request, { body }));
    await send(exchange, outgoing, response, incoming.method === "HEAD");
  } catch {
    socket.destroy(); // a stream that broke off can't be ended in good order
  } finally {
    const left = answering.get(socket)! - 1;
    if (left > 0) answering.set(socket, left);
    else answering.delete(socket);
  }
}

/** The request without its body; or what to say of one that could be read in two ways. */
function headOf({ method = "", url = "", rawHeaders }: IncomingMessage): Request | Response {
  if (!METHODS.includes(method)) {
    return problem(405, `no route takes ${method.slice(0, 20)}: see /openapi.json`, {
      allow: METHODS.join(", "),
    });
  }
  if (!/^\/(?![/\\])/.test(url)) return problem(400, "ask for a path alone, such as /health");
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
    if (exchange.streams < MOST_STREAMS) return await stream(exchange, outgoing, response);
    exchange.service.count("httpOverfull");
    await response.body?.cancel();
    response = problem(503, `${MOST_STREAMS} streams are open, as many as may be: close one, or try again`, {
      "retry-after": "5",
    });
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
  const reader = response.body!.getReader();
  outgoing.on("close", () => void reader.cancel());
  try {
    writeHead(outgoing, response);
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      if (!outgoing.write(value)) await read(exchange, outgoing, "drain");
    }
    outgoing.end();
  } finally {
    exchange.streams--;
  }
}

/** Resolves when the peer has read what waits for it, or is gone; one that doesn't read is closed. */
async function read(
  { service }: Exchange,
  outgoing: ServerResponse,
  event: "drain" | "finish",
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once(event, resolve);
  outgoing.once("close", resolve);
  const cancel = after(READ_MS, () => {
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
  for (const [name, value] of headers) outgoing.appendHeader(name, value);
}
