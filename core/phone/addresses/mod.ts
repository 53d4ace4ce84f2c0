/**
 * Host lists for phones: an entry of its own, so that an app with fixed addresses doesn't have it. See `docs/hosts.md`.
 *
 * @module
 */
export { byHostList, type ListedOptions } from "./listed_addresses.ts";
export { readHosts } from "../../hosts/list/page_list.ts";
export type { HostList, ListedCluster, ListedHost } from "../../hosts/list/host_list.ts";
export { type ListFault, ListRefused } from "../../hosts/list/split_signed.ts";
