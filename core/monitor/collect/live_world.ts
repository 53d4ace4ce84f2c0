import { TOKEN_VARIABLE } from "../../admin/serve.ts";
import { after } from "../../base/clock.ts";
import type { Host } from "../../cli/host.ts";
import type { TargetWorld } from "./read_events.ts";

/** Asks a target, and nobody else: one that sends on to another address may not choose who hears an order. */
export function askTarget(url: string, init: RequestInit): Promise<Response> {
  return fetch(url, { ...init, redirect: "error" });
}

/** How targets are reached from a host: this machine's clock and network. */
export function worldOf(host: Host): TargetWorld {
  return { clock: host.clock, fetch: askTarget, after, token: host.env(TOKEN_VARIABLE) || undefined };
}
