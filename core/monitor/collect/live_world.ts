import { askTarget } from "../../admin/bearer.ts";
import { TOKEN_VARIABLE } from "../../admin/serve.ts";
import { after } from "../../base/clock.ts";
import type { Host } from "../../cli/host.ts";
import type { TargetWorld } from "./read_events.ts";

/** How targets are reached from a host: this machine's clock and network. */
export function worldOf(host: Host): TargetWorld {
  return { clock: host.clock, fetch: askTarget, after, token: host.env(TOKEN_VARIABLE) || undefined };
}
