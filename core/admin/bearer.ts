import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** Whether two secrets are the same, in a time that tells nothing of where they differ or how long they are. */
export function isSameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

/** Whether a request shows the token as its bearer token; one in the address or in a cookie doesn't count. */
export function showsToken(request: Request, token: string): boolean {
  const match = /^bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "");
  return match !== null && isSameSecret(match[1], token);
}

/** The header by which a token is shown; none if there is none. */
export function tokenHeader(token: string | undefined): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Asks a target, and nobody else: one that sends on to another address may not choose who hears an order or a token. */
export function askTarget(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, redirect: "error" });
}

/** What a cookie holds in a token's place: browsers send cookies to every port of a host, so it must not be the token. */
export function cookieOf(token: string): string {
  return createHmac("sha256", token).update("redpkt cookie 1").digest("base64url");
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
