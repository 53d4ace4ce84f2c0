import type { DialedHosts } from "../../hosts/order/dialed_hosts.ts";
import type { Behaviour } from "./behaviour.ts";

/** Orders from the main thread to a fleet's workers, as JSON through their mailboxes. */
export type FleetOrder =
  /** Shakes a second of all hosts together from now on. */
  | { readonly order: "rate"; readonly qps: number }
  /** No shakes; connections stay. */
  /** What users do besides shaking, from now on. */
  | { readonly order: "behave"; readonly behaviour: Behaviour }
  | { readonly order: "pause" }
  | { readonly order: "resume" }
  /** Whether a wave is on: outside one, users who shake at their own pace are told "nothing" without a request. */
  | { readonly order: "wave"; readonly isOpen: boolean }
  /** A newer host list counts. */
  | { readonly order: "hosts"; readonly hosts: DialedHosts }
  /** No more shakes; waits for answers, then closes everything. */
  | { readonly order: "stop" };

/** Words of shared memory for the mailbox of a worker's orders; a power of two. A list of 1,000 hosts fits in half of it. */
export const ORDER_MAILBOX_WORDS = 1 << 17;
