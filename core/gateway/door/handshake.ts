/** How an HTTP request becomes a WebSocket connection, as RFC 6455 has it. */
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY = /^[A-Za-z0-9+/]{22}==$/;

/** What is wrong with a request to upgrade; undefined if it is good. */
export function handshakeProblem(method: string, headers: IncomingHttpHeaders): string | undefined {
  const { upgrade = "", "sec-websocket-key": key = "", "sec-websocket-version": version } = headers;
  if (method !== "GET" || upgrade.toLowerCase() !== "websocket") return "the upgrade to ask for is websocket";
  if (version !== "13") return "the version of WebSockets to ask for is 13";
  return KEY.test(key) ? undefined : "Sec-WebSocket-Key must be 16 bytes in base64";
}

/** The answer to a good one. */
export function handshakeAnswer(key: string): string {
  const accept = createHash("sha1").update(key + MAGIC).digest("base64");
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
    `Sec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  429: "Too Many Requests",
  503: "Service Unavailable",
};

/** The answer to one that is refused, and when to try again. */
export function handshakeRefusal(status: number, why: string, retryAfterS = 0): string {
  const body = JSON.stringify({ errors: [why] });
  const retry = retryAfterS === 0 ? "" : `retry-after: ${retryAfterS}\r\n`;
  return `HTTP/1.1 ${status} ${REASONS[status]}\r\ncontent-type: application/json\r\n${retry}` +
    `content-length: ${new TextEncoder().encode(body).length}\r\nconnection: close\r\n\r\n${body}`;
}
