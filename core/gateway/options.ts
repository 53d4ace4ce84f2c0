import { z } from "zod";
import { allowHostFlag } from "../admin/host_name.ts";
import { httpAddress } from "../admin/http_address.ts";
import { addressList } from "../cli/address_list.ts";
import { flag, type Flags, type FlagValues, listFlag, switchFlag, wholeNumber } from "../cli/flags.ts";
import { ENGINE_CHOICES } from "../engine/choose.ts";
import { parseServers, type ServerPlace } from "../os/server_addresses.ts";
import { MAX_FRAME_BYTES } from "../wire/frame_table.ts";
import { ANY_ORIGIN } from "./door/origins.ts";

const DEFAULT_SERVER = "127.0.0.1:1025";
const MOST_MESSAGE_BYTES = 32 * 1024;

const origins = z.array(z.string()).default([]).transform((texts, context): string[] =>
  texts.flatMap((text) => text.split(",")).map((text) => {
    if (text === ANY_ORIGIN || (URL.canParse(text) && new URL(text).origin === text)) return text;
    context.addIssue({ code: "custom", message: "must be origins such as https://party.example, or *" });
    return z.NEVER;
  })
);

/** The flags of `redpkt gateway`. */
export const GATEWAY_FLAGS = {
  listen: flag(
    "HOST:PORT",
    "address on which WebSockets are taken",
    httpAddress("0.0.0.0:8080").prefault("0.0.0.0:8080"),
    "0.0.0.0:8080",
  ),
  server: {
    ...listFlag("LIST", `servers: ADDRESS:PORT, NAME:PORT, a range, or several [${DEFAULT_SERVER}]`),
    schema: addressList((texts) => texts.length === 0 ? { values: [] } : parseServers(texts)),
  },
  hosts: flag("FILE", "signed host list of the servers, instead of --server", z.string().min(1).optional()),
  "hosts-keys": flag("DIR", "folder of keys: whose host lists count", z.string().min(1).default("keys")),
  network: listFlag(
    "NAME",
    "network of this gateway, whose clusters come first; may be repeated, the best first",
  ),
  admin: flag(
    "HOST:PORT",
    "address of the admin API",
    httpAddress("127.0.0.1:8990").prefault("127.0.0.1:8990"),
    "127.0.0.1:8990",
  ),
  "allow-host": allowHostFlag("the admin API"),
  "allow-origin": {
    ...listFlag("ORIGIN", "pages that may connect besides this gateway's own; * for all"),
    schema: origins,
  },
  "tls-cert": flag("FILE", "certificate and its chain in PEM: TLS is spoken", z.string().min(1).optional()),
  "tls-key": flag("FILE", "its private key in PEM", z.string().min(1).optional()),
  "send-proxy-protocol": switchFlag("tells servers of clients' addresses; they need --proxy-protocol"),
  engine: flag(
    "NAME",
    "how bytes move to servers: auto, uring, epoll or deno",
    z.enum(ENGINE_CHOICES).default("auto"),
  ),
  "max-connections": flag(
    "N",
    "most WebSockets at once, 0 for as many as descriptors allow",
    wholeNumber(0, 10_000_000).default(0),
  ),
  "message-bytes": flag(
    "N",
    "most bytes of one message of a user",
    wholeNumber(MAX_FRAME_BYTES, MOST_MESSAGE_BYTES).default(2 * MAX_FRAME_BYTES),
  ),
  "queue-bytes": flag(
    "N",
    "most bytes that wait for a user who doesn't read",
    wholeNumber(MAX_FRAME_BYTES, 64 * 1024 * 1024).default(64 * 1024),
  ),
  "login-seconds": flag(
    "N",
    "how long a new connection may take to log in, 0 for ever",
    wholeNumber(0, 86_400).default(10),
  ),
  "read-seconds": flag(
    "N",
    "how long a user may leave unread what waits for them, 0 for ever",
    wholeNumber(0, 86_400).default(20),
  ),
  "drain-seconds": flag(
    "N",
    "over how long users are told at the end to go elsewhere",
    wholeNumber(0, 3_600).default(5),
  ),
  plugins: flag(
    "LIST",
    "plugins by name or path that say who may come in",
    z.string().transform((text) => text.split(",").filter((name) => name !== "")).optional(),
    "those that come with redpkt for doors",
  ),
  set: listFlag("PLUGIN.KEY=VALUE", "sets one value of what a plugin has at a door; may be repeated"),
} satisfies Flags;

export type GatewayFlags = FlagValues<typeof GATEWAY_FLAGS>;

/** Where the servers are that no flag names. */
export const DEFAULT_SERVERS: readonly ServerPlace[] = [{ address: 0x7f00_0001, port: 1025 }];

/** Flags that go badly together. */
export function gatewayProblems(values: Partial<GatewayFlags>): string[] {
  return [...tlsProblems(values), ...hostsProblems(values)];
}

/** A list says where servers are. */
export function hostsProblems({ hosts, server = [], network = [] }: Partial<GatewayFlags>): string[] {
  if (hosts === undefined) return network.length === 0 ? [] : ["--network: needs --hosts FILE"];
  return server.length === 0
    ? []
    : ["--hosts, --server: both are given. The list says where servers are: leave --server out"];
}

/** A certificate is of no use without its key, and a key without its certificate. */
export function tlsProblems({ "tls-cert": cert, "tls-key": key }: Partial<GatewayFlags>): string[] {
  if (cert !== undefined && key === undefined) return ["--tls-cert: needs --tls-key FILE"];
  return cert === undefined && key !== undefined ? ["--tls-key: needs --tls-cert FILE"] : [];
}
