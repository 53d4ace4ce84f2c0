import { tokenHeader } from "../../admin/bearer.ts";
import type { Clock } from "../../base/clock.ts";
import { EventStreamParser, type StreamEvent } from "./event_stream.ts";

/** How a target reaches the world; tests hand in their own. */
export interface TargetWorld {
  readonly clock: Clock;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Calls back once after so many ms, unless the returned function is called before. */
  readonly after: (ms: number, call: () => void) => () => void;
  /** The bearer token of targets that want one. */
  readonly token?: string | undefined;
}

/** What is read, and how it is ended. */
export interface EventSource {
  readonly url: string;
  /** The last event that was taken in; the peer sends what came after it. Empty: only what is new. */
  readonly lastEventId: string;
  readonly abort: AbortController;
}

/** How long a connect may take. */
const CONNECT_MS = 5_000;
/** A peer that answers and then never sends anything is left after this. */
const FIRST_EVENT_MS = 10_000;
/** Most that is read of a target at once, in bytes: about a snapshot. */
const READ_BYTES = 16_384;

/**
 * Reads a peer's server-sent events until it ends the stream.
 *
 * @param on told when the stream is there, and of every event
 * @throws what went wrong; {@linkcode reasonOf} says it in words
 */
export async function readEvents(
  world: TargetWorld,
  source: EventSource,
  on: { open(): void; event(event: StreamEvent): unknown },
): Promise<void> {
  const body = await connect(world, source);
  on.open();
  const { signal } = source.abort;
  const parser = new EventStreamParser();
  const decoder = new TextDecoder();
  // Into a buffer of our own, again and again: the runtime would take 64 KiB of new memory for every piece.
  const reader = body.getReader({ mode: "byob" });
  const cancel = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", cancel);
  const heard = world.after(FIRST_EVENT_MS, () => source.abort.abort());
  try {
    let buffer = new ArrayBuffer(READ_BYTES);
    while (true) {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      signal.throwIfAborted();
      if (done) return;
      buffer = value.buffer;
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        heard();
        on.event(event);
      }
    }
  } finally {
    heard();
    signal.removeEventListener("abort", cancel);
    cancel();
  }
}

async function connect(
  { after, fetch, token }: TargetWorld,
  { url, lastEventId, abort }: EventSource,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const cancel = after(CONNECT_MS, () => abort.abort());
  let response: Response;
  try {
    response = await fetch(url, {
      signal: abort.signal,
      headers: {
        accept: "text/event-stream",
        ...(lastEventId === "" ? {} : { "last-event-id": lastEventId }),
        ...tokenHeader(token),
      },
    });
  } finally {
    cancel();
  }
  const type = response.headers.get("content-type") ?? "nothing";
  if (response.ok && type.startsWith("text/event-stream") && response.body !== null) return response.body;
  await response.body?.cancel();
  throw new Error(
    response.status === 401
      ? "it wants a token: set REDPKT_TOKEN"
      : `no stream of snapshots there: status ${response.status}, ${type}`,
  );
}

/** Why a peer couldn't be read, in few words. */
export function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === "AbortError") return "no answer in time";
  // The runtime says only that a fetch failed; why, says the error beneath.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  if (/connection refused/i.test(text)) return "connection refused";
  if (/reading a body|connection (was )?(closed|reset|aborted)/i.test(text)) return "the connection broke";
  if (/\bdns\b|failed to lookup|resolve/i.test(text)) return "no such host";
  // Its texts begin with the whole URL; what tells is at the end.
  return text.replace(/^.*: /, "").slice(0, 200);
}
