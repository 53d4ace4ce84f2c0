/**
 * The client as a library: connect, log in, shake, win, open, send and claim, from a browser, Deno or Node. See
 * `docs/client.md`.
 *
 * @module
 */
export { Phone, type PhoneOptions } from "./phone.ts";
export type { PhoneEvents } from "./events.ts";
export { DEFAULT_TIMES, type LinkClock, type LinkTimes, type PhoneState } from "./link.ts";
export type {
  ChatOutcome,
  ClaimOutcome,
  Detail,
  Notice,
  OpenOutcome,
  Packet,
  ResultName,
  SendModeName,
  SendOrder,
  SendOutcome,
  ShakeOutcome,
  Share,
} from "./outcomes.ts";
export type { HostList } from "../../hosts/list/host_list.ts";
export type { Addresses, AddressesOf } from "../addresses/addresses.ts";
export { PhoneClosed, PhoneRefused } from "./requests.ts";
export { fetchManifest, ManifestRefused, type ResourceManifest, type Resources } from "./resources.ts";
export type { Cue } from "./show_orders.ts";
export type { PhoneStorage } from "./storage.ts";
export type { Token } from "./token.ts";
export type { Transport, Wire, WireEvents } from "../transport/transport.ts";
export { webSocket, type WebSocketLike } from "../transport/web_socket.ts";
