import { SHOW_FLAGS } from "./show/show_flags.ts";
import { z } from "zod";
import { flag, type Flags, type FlagValues, grouped, listFlag, wholeNumber } from "../cli/flags.ts";
import { ENGINE_CHOICES } from "../engine/choose.ts";
import { parseAddress } from "../os/address.ts";
import { type AddressRange, parseAddressRange } from "../os/address_ranges.ts";
import { allowHostFlag } from "../admin/host_name.ts";
import { httpAddress } from "../admin/http_address.ts";
import { MOST_HOST_NUMBER } from "../base/id_space.ts";
import { CLAIMS_FLAG } from "../seed/claim/claims_directory.ts";
import { PRIORITY_CHOICES } from "../os/foreground.ts";
import { BOOKS_FLAGS } from "./books_options.ts";

const address = z.string().transform((text, context) => {
  const parsed = text === "localhost" ? 0x7f000001 : parseAddress(text);
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: "must be an IPv4 address such as 0.0.0.0 or 127.0.0.1" });
  return z.NEVER;
});

const proxies = z.array(z.string()).default([]).transform((texts, context): AddressRange[] =>
  texts.flatMap((text) => text.split(",")).map((text) => {
    const range = parseAddressRange(text);
    if (range !== undefined) return range;
    context.addIssue({ code: "custom", message: "must be IPv4 addresses such as 10.0.0.1 or 10.0.0.0/24" });
    return z.NEVER;
  })
);

/** The flags of `redpkt server`; a config file may set the same under `server`. */
export const SERVER_FLAGS = {
  ...grouped("Doors", {
    port: flag("N", "port to listen on, 0 for any free one", wholeNumber(0, 65_535).default(1025)),
    host: flag("ADDRESS", "IPv4 address to listen on", address.prefault("0.0.0.0"), "0.0.0.0"),
    admin: flag(
      "HOST:PORT",
      "address of the admin API",
      httpAddress("127.0.0.1:8989").prefault("127.0.0.1:8989"),
      "127.0.0.1:8989",
    ),
    "allow-host": allowHostFlag("the admin API"),
    "proxy-protocol": {
      ...listFlag(
        "LIST",
        "proxies that say whose a connection is by PROXY headers of version 2: ADDRESS or CIDR",
      ),
      schema: proxies,
    },
  }),
  ...grouped("Threads", {
    workers: flag("N", "threads that hold connections, 0 for one a core", wholeNumber(0, 256).default(0)),
    priority: flag(
      "normal|first",
      "first: threads that hold connections run before all others of the machine while it has time left",
      z.enum(PRIORITY_CHOICES).default("normal"),
    ),
    engine: flag(
      "NAME",
      "how bytes move: auto, uring, epoll or deno",
      z.enum(ENGINE_CHOICES).default("auto"),
    ),
    "set-size": flag("N", "most connections of one SET", wholeNumber(1, 1_000_000).default(10_000)),
    "max-connections": flag(
      "N",
      "most connections in all, 0 for as many as descriptors allow, or a million with engine uring",
      wholeNumber(0, 10_000_000).default(0),
    ),
  }),
  ...grouped("What it plays", {
    plugins: flag(
      "LIST",
      "plugins by name or path, in the order in which they admit",
      z.string().transform((text) => text.split(",").filter((name) => name !== "")).optional(),
      "those that come with redpkt for shakes",
    ),
    set: listFlag("PLUGIN.KEY=VALUE", "sets one value of a plugin's config; may be repeated"),
    config: flag(
      "FILE",
      "JSON file with `server` and `plugins`; redpkt.json if there is one",
      z.string().optional(),
    ),
  }),
  ...grouped("Money", {
    ledger: flag(
      "DIR",
      "directory in which awards last; without it they are forgotten",
      z.string().optional(),
    ),
    "ledger-sync": flag(
      "full|off",
      "off: a commit survives the end of the process and not a power loss, for disks that sync slowly",
      z.enum(["full", "off"]).default("full"),
    ),
    seed: flag(
      "FILE|URL",
      "seed file whose tickets are given away, or the depot that has it",
      z.string().min(1).optional(),
    ),
    "seed-store": flag(
      "DIR",
      "where a file that comes from a depot is kept",
      z.string().min(1).default("seeds"),
    ),
    "seed-keys": flag(
      "DIR",
      "folder of keys whose seed files are taken (DIR/trusted)",
      z.string().min(1).default("keys"),
    ),
    claims: CLAIMS_FLAG,
    "claim-seconds": flag(
      "N",
      "how long neither claim may be writable before the host drains and ends",
      wholeNumber(1, 86_400).default(60),
    ),
    "host-number": flag(
      "N",
      "whose range of packet ids this host generates from; another one for each host of an event",
      wholeNumber(0, MOST_HOST_NUMBER).default(0),
    ),
    "packets-per-user": flag(
      "N",
      "most packets of one user, 0 for no limit [3 with --ledger]",
      wholeNumber(0, 1_000).optional(),
    ),
    "packets-per-sponsor": flag(
      "N",
      "most packets of one sponsor for one user, 0 for no limit [1 with --ledger]",
      wholeNumber(0, 1_000).optional(),
    ),
    "verdict-ms": flag(
      "N",
      "how long a winner waits for the ledger before they are told: overloaded",
      wholeNumber(10, 60_000).default(2_000),
    ),
    ...BOOKS_FLAGS,
  }),
  ...grouped("Who may log in", {
    event: flag("NAME", "the event that tokens and shows must be for", z.string().default("")),
    "token-keys": flag(
      "FILE",
      "keys of the tokens that version 1 logs in with (see redpkt token); without them any token is taken",
      z.string().optional(),
    ),
    version0: flag(
      "on|off",
      "whether users of protocol version 0, who show no token, may log in [off with --token-keys or --books, else on]",
      z.enum(["on", "off"]).optional(),
    ),
  }),
  ...grouped("Many hosts, and the show", {
    "host-id": flag("ID", "which host this is; with --seed and --show-keys", z.string().min(1).optional()),
    ...SHOW_FLAGS,
  }),
  ...grouped("Patience", {
    "login-seconds": flag(
      "N",
      "how long a new connection may take to log in, 0 for ever",
      wholeNumber(0, 86_400).default(10),
    ),
    "frame-seconds": flag(
      "N",
      "how long a frame may take from its first byte to its last, 0 for ever",
      wholeNumber(0, 86_400).default(20),
    ),
    "read-seconds": flag(
      "N",
      "how long a peer may leave unread or unacknowledged what waits for it, 0 for ever",
      wholeNumber(0, 86_400).default(20),
    ),
    "idle-seconds": flag(
      "N",
      "how long a user may say nothing, 0 for ever",
      wholeNumber(0, 86_400).default(3_600),
    ),
    "drain-seconds": flag(
      "N",
      "how long winners may wait for their answer at the end",
      wholeNumber(0, 3600).default(20),
    ),
  }),
  ...grouped("Chance", {
    "random-seed": flag(
      "N",
      "seed of the amounts of generated packets, 0 for another one each time",
      wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
    ),
  }),
} satisfies Flags;

export type ServerOptions = FlagValues<typeof SERVER_FLAGS>;

/** Whether users of protocol version 0, who show no token, may log in. */
export function allowsVersion0(options: Pick<ServerOptions, "version0" | "token-keys" | "books">): boolean {
  const mayOpen = options["token-keys"] === undefined && options.books === undefined;
  return (options.version0 ?? (mayOpen ? "on" : "off")) === "on";
}
