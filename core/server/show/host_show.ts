import type { Route } from "../../admin/api.ts";
import { problem } from "../../admin/problem.ts";
import { EXCHANGE_PATH } from "../../bus/admin_bus.ts";
import { type ExchangeBody, exchangeBody } from "../../bus/exchange.ts";
import { parseBuses } from "../../bus/open_bus.ts";
import { systemSeed } from "../../base/random.ts";
import { UserError } from "../../base/user_error.ts";
import type { Host } from "../../cli/host.ts";
import type { Log } from "../../cli/log.ts";
import { LinkThread } from "../../link/link_thread.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import { showWaves, versionText } from "../../show/document.ts";
import { readTokenKeys, type TokenRules } from "../../token/token_keys.ts";
import { type AskOwner, openElsewhere, openForOther, PacketOwners } from "./opens_elsewhere.ts";
import type { AccessHost } from "../host/access_host.ts";

/** Beside the ledger's files. */
const FOLDER = "show";

/** What the server's flags say of it. */
export interface ShowOptions {
  readonly "show-keys"?: string | undefined;
  readonly bus: readonly string[];
  readonly ledger?: string | undefined;
  readonly event: string;
  readonly cluster: string;
  readonly city: string;
  readonly "host-id"?: string | undefined;
  readonly "host-number": number;
  readonly hosts?: string | undefined;
  readonly "hosts-keys": string;
  readonly "token-keys"?: string | undefined;
}

/** What a host counts against limits besides its own awards. */
export interface SharedLimits {
  /** What other hosts say that they have awarded; undefined: nobody listens. */
  readonly foreign: SharedArrayBuffer | undefined;
  readonly tokenRules: TokenRules | undefined;
}

/** A host's part in a show that is directed from elsewhere: its routes, and its end. */
export interface HostShow {
  readonly routes: readonly Route[];
  stop(): Promise<void>;
}

/**
 * Starts the thread that holds the paths to consoles and other hosts, if the host takes part in a show or hears of what
 * others award, and lets users open what they won at other hosts, if there is a list of them.
 *
 * @throws UserError if no key is trusted, or the list doesn't count
 */
export function startShow(
  host: Host,
  options: ShowOptions,
  access: AccessHost,
  log: Log,
  limits: SharedLimits,
): HostShow {
  const { hosts, "hosts-keys": hostsKeys, "host-number": number, "show-keys": keys } = options;
  const owners = hosts === undefined ? undefined : new PacketOwners(hosts, hostsKeys, number, log);
  const isLinked = keys !== undefined || limits.foreign !== undefined;
  const thread = isLinked ? startLink(host, options, access, log, limits) : undefined;
  if (owners !== undefined) {
    const ask: AskOwner | undefined = thread && options.bus.length > 0
      ? (...asked) => thread.ask(...asked)
      : undefined;
    if (ask === undefined) {
      log("warn", "other hosts' packets wait until their users are there again: give --show-keys and --bus");
    }
    access.halves.openElsewhere = (user, packetId) => openElsewhere(owners, ask, user, packetId);
  }
  return {
    routes: thread === undefined || keys === undefined ? [] : showRoutes(thread),
    async stop() {
      owners?.stop();
      await thread?.stop();
    },
  };
}

/** @throws UserError if no key is trusted */
function startLink(
  host: Host,
  options: ShowOptions,
  access: AccessHost,
  log: Log,
  { foreign, tokenRules }: SharedLimits,
): LinkThread {
  const { bus, ledger, event, cluster, city, "host-id": hostId, "host-number": number } = options;
  const keys = options["show-keys"];
  const trusted = keys === undefined ? [] : trustedKeys(keys);
  if (ledger === undefined) {
    log("warn", "the show is kept in memory and forgotten at the end: give --ledger DIR to keep it");
  }
  return new LinkThread({
    init: {
      name: { event, host: hostId ?? "", city, cluster },
      buses: parseBuses("--bus", bus),
      keys: trusted,
      directory: ledger === undefined ? undefined : `${ledger}/${FOLDER}`,
      randomSeed: systemSeed(),
      summaries: foreign && { rules: tokenRules!, hostNumber: number, directory: ledger!, foreign },
      opens: options.hosts === undefined ? undefined : { number, secret: secretOf(options["token-keys"]) },
    },
    start: () => new Worker(host.program.entry, { type: "module", name: "link" }),
    check: (show) => access.halves.checkShow(show),
    apply: (show) => access.halves.onShow(show),
    hold: (isHolding) => access.halves.isHolding = isHolding,
    open: (user, packetId) => openForOther((entry) => access.enter(entry), user, packetId),
    count: (metric, by) => access.count(metric, by),
    gauge: (metric, value) => access.tell(metric, value),
    log,
  });
}

/** All hosts of an event have the keys of its tokens: by the first they know each other. */
function secretOf(path: string | undefined): Uint8Array | undefined {
  return path === undefined ? undefined : readTokenKeys(path, "--token-keys")[0].secret;
}

/** Public keys of those who may direct, by id, as PEM. */
export function trustedKeys(folder: string): [string, string][] {
  const trusted = new KeyFolder(folder, "redpkt show key").trusted();
  if (trusted.size === 0) {
    throw new UserError(
      `--show-keys ${folder}: holds no trusted key. Make some: redpkt show key new --keys DIR`,
    );
  }
  return [...trusted].map(([id, key]) => [id, key.export({ type: "spki", format: "pem" }) as string]);
}

function showRoutes(thread: LinkThread): Route[] {
  return [
    {
      method: "get",
      path: "/show",
      summary: "The show as this host has it: which document counts, its waves, its paths and its clock",
      handle: () => {
        const { active, state } = thread;
        return {
          schemaVersion: 1,
          show: active === undefined
            ? null
            : { version: versionText(active), level: active.level, waves: showWaves(active) },
          link: state ?? null,
        };
      },
    },
    {
      method: "post",
      path: EXCHANGE_PATH,
      summary: "Takes a signed document of the show that a console pushes, and says what the host has",
      body: exchangeBody,
      handle: async ({ body }) =>
        await thread.exchange(body as ExchangeBody) ??
          problem(503, "the show's thread doesn't answer: try again"),
    },
  ];
}
