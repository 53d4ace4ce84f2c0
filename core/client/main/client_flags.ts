import { z } from "zod";
import { allowHostFlag } from "../../admin/host_name.ts";
import { httpAddress } from "../../admin/http_address.ts";
import { addressList } from "../../cli/address_list.ts";
import {
  flag,
  type Flags,
  type FlagValues,
  grouped,
  listFlag,
  switchFlag,
  wholeNumber,
} from "../../cli/flags.ts";
import { type CommandForm, readCommand } from "../../cli/command/command.ts";
import type { Host } from "../../cli/host.ts";
import { JSON_FLAG } from "../../cli/json_output.ts";
import { UserError } from "../../base/user_error.ts";
import { type Priority, PRIORITY_CHOICES } from "../../os/foreground.ts";
import { ENGINE_CHOICES, type EngineChoice } from "../../engine/choose.ts";
import type { FleetSettings } from "../fleet/fleet_options.ts";
import type { HttpAddress } from "../../admin/serve.ts";
import { readTokenKeys, type TokenRules } from "../../token/token_keys.ts";
import { type Behaviour, behaviourSchema, DEFAULT_BEHAVIOUR } from "../population/behaviour.ts";
import { MISBEHAVIOURS, parseMisbehaviours } from "../population/misbehaviour.ts";
import type { Gap } from "../schedule/think_time.ts";
import { MOST_OPEN } from "../state/open_shakes.ts";
import type { FetchOptions } from "./fetch_thread.ts";
import { PACINGS } from "../schedule/pacing.ts";
import { MAX_USER, parseSegment, parseUsers, type Segment, sliceOf } from "../../base/segment.ts";
import { parseServers, parseSources, type ServerPlace } from "../../os/server_addresses.ts";

const DEFAULT_SERVER = "127.0.0.1:1025";
const DEFAULT_PLACE: ServerPlace = { address: 0x7f00_0001, port: 1025 };

/** A text of a form that `parse` knows. */
function parsed<T>(parse: (text: string) => T | undefined, message: string): z.ZodType<T> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

/** Reads `5-10` as a gap in ms. */
export function parseGap(text: string): Gap | undefined {
  const match = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text);
  if (match === null) return undefined;
  const [leastMs, mostMs] = [Number(match[1]) * 1000, Number(match[2]) * 1000];
  return leastMs <= mostMs && mostMs > 0 && mostMs <= 3_600_000 ? [leastMs, mostMs] : undefined;
}

/** The flags of `redpkt client`. */
export const CLIENT_FLAGS = {
  ...grouped("Who plays", {
    users: flag(
      "A-B",
      "ids of the users, both ends included [0-999]",
      parsed(parseUsers, `must be a range of ids up to ${MAX_USER}, such as 0-999`).prefault("0-999"),
    ),
    total: flag(
      "N",
      "users on all hosts together, who share --qps; 0 for the highest id plus 1",
      wholeNumber(0, MAX_USER + 1).default(0),
    ),
    segment: flag(
      "I/N",
      "which part of --users this process plays: ids that leave I-1 when divided by N [1/1]",
      parsed(parseSegment, "must be I/N with I from 1 to N, such as 3/17").prefault("1/1"),
    ),
    protocol: flag(
      "0|1",
      "version of the protocol that users speak [1 with --token-keys, else 0]",
      z.enum(["0", "1"]).optional(),
    ),
    "token-keys": flag(
      "FILE",
      "keys to make version 1's tokens with; see redpkt token",
      z.string().optional(),
    ),
    event: flag("NAME", "the event that tokens are for", z.string().default("")),
  }),
  ...grouped("Where", {
    server: {
      ...listFlag("LIST", `servers: ADDRESS:PORT, NAME:PORT, a range, or several [${DEFAULT_SERVER}]`),
      schema: addressList((texts) => texts.length === 0 ? { values: [] } : parseServers(texts)),
    },
    hosts: flag(
      "FILE",
      "signed host list: users find their hosts by it, and others when those are gone; instead of --server",
      z.string().min(1).optional(),
    ),
    "hosts-keys": flag("DIR", "folder of keys: whose host lists count", z.string().min(1).default("keys")),
    network: listFlag(
      "NAME",
      "network of the users, whose clusters come first; may be repeated, the best first",
    ),
    source: {
      ...listFlag("LIST", "source addresses of this host, a range, or several; absent: the kernel chooses"),
      schema: addressList(parseSources),
    },
    "connect-rate": flag("N", "connects a second", wholeNumber(1, 1_000_000).default(5_000)),
    roam: flag(
      "A-B",
      "seconds that a user stays at one server before they go to the next, such as 20-60; absent: for ever",
      parsed(parseGap, "must be two numbers of seconds, such as 20-60").optional(),
    ),
  }),
  ...grouped("What they do", {
    qps: flag("N", "shakes a second of all users together", wholeNumber(0, 100_000_000).default(100)),
    "shake-every": flag(
      "A-B",
      "think time: seconds between two shakes of a user, such as 5-10, with backoff and retries; besides --qps",
      parsed(parseGap, "must be two numbers of seconds, such as 5-10").optional(),
    ),
    pacing: flag(
      "HOW",
      "smooth spreads a second's shakes, burst sends them on the second",
      z.enum(PACINGS).default("smooth"),
    ),
    open: flag(
      "N",
      `most unanswered shakes of one user; version 0's answers don't say which they answer [1, version 1: ${MOST_OPEN}]`,
      wholeNumber(1, MOST_OPEN).optional(),
    ),
    "patience-ms": flag(
      "N",
      "how long a user waits for an answer, 0 as long as their connection lasts",
      wholeNumber(0, 30_000).default(5_000),
    ),
    behave: listFlag(
      "KEY=VALUE",
      `what users do besides shaking, such as sendsPerS=20: ${Object.keys(DEFAULT_BEHAVIOUR).join(", ")}`,
    ),
    claim: switchFlag("claim what notices tell of (so it is unless --no-claim)"),
    "no-claim": switchFlag("leave notices unanswered"),
    misbehave: flag(
      "LIST",
      `part of the users that misbehaves, such as hammer=0.1; of ${MISBEHAVIOURS.join(", ")}`,
      parsed(
        parseMisbehaviours,
        `must be parts of 1 in all, such as hammer=0.1,never-read=0.05; there are ${
          MISBEHAVIOURS.join(", ")
        }`,
      )
        .prefault(""),
      "",
    ),
    disobey: flag(
      "PART",
      "part of the users, 0 to 1, that follows neither cues nor policies of a server; version 1 only",
      z.coerce.number("must be a number").min(0).max(1).default(0),
    ),
    "hide-passes": flag(
      "PART",
      "part of the users, 0 to 1, that shows no server what they have won elsewhere; version 1 only",
      z.coerce.number("must be a number").min(0).max(1).default(0),
    ),
  }),
  ...grouped("Resources", {
    depot: flag(
      "URL|show",
      "where users fetch resources in idle time, as redpkt depot serves them; show: where the show says; absent: nowhere",
      z.literal("show").or(
        z.url({ protocol: /^https?$/, error: "must be show, or a URL such as http://127.0.0.1:8080" }),
      ).optional(),
    ),
    "depot-keys": flag(
      "DIR",
      "folder of keys: whose manifests count; see redpkt seed key",
      z.string().default("keys"),
    ),
    "depot-sample": flag(
      "N",
      "users who really fetch; the fetching of the others is modelled, and no byte of theirs moves",
      wholeNumber(0, 100_000).default(100),
    ),
  }),
  ...grouped("Verdict", {
    seconds: flag("N", "stop after so many seconds, 0 to run on", wholeNumber(0, 10_000_000).default(0)),
    "in-time-ms": flag(
      "N",
      "an answer within this time counts as good",
      wholeNumber(1, 60_000).default(1_000),
    ),
    "least-answered": flag(
      "PERCENT",
      "ends with exit code 1 if fewer of the shakes that were due are answered",
      z.coerce.number("must be a number").min(0).max(100).default(99),
    ),
    awards: flag("FILE", "writes what was won as CSV", z.string().optional()),
    json: JSON_FLAG,
  }),
  ...grouped("The process", {
    control: flag(
      "HOST:PORT",
      "address of the control API, port 0 for any free one [127.0.0.1:9090]",
      httpAddress("127.0.0.1:9090").prefault("127.0.0.1:9090"),
    ),
    "allow-host": allowHostFlag("the control API"),
    workers: flag("N", "threads, 0 for one a core and 10,000 users", wholeNumber(0, 256).default(0)),
    engine: flag(
      "NAME",
      `how bytes move: ${ENGINE_CHOICES.join(", ")}`,
      z.enum(ENGINE_CHOICES).default("auto"),
    ),
    priority: flag(
      "normal|first",
      "first: its threads run before all others of the machine while it has time left",
      z.enum(PRIORITY_CHOICES).default("normal"),
    ),
    "random-seed": flag(
      "N",
      "seed of the waits before another connect, 0 for another one each time",
      wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
    ),
  }),
} satisfies Flags;

/** How `redpkt client` is called. */
export const CLIENT_FORM = {
  name: "client",
  about: "Plays up to a million users against real servers, on a clock that all hosts share.",
  flags: CLIENT_FLAGS,
  examples: [
    { line: "redpkt client --users 0-9999 --qps 1000", shows: "10,000 users shake 1,000 times a second" },
    {
      line: "redpkt client --hosts hosts.signed --protocol 1",
      shows: "users find their hosts by a signed list",
    },
    {
      line: "redpkt client --users 0-999999 --segment 3/17 --server 10.0.0.1:1025 --shake-every 5-10",
      shows: "the third of 17 hosts that play a million users",
    },
  ],
} satisfies CommandForm;

/** What a user asked `redpkt client` for. */
export interface ClientOptions {
  /** What the users do; the addresses of servers are paired with those of this host later. */
  readonly fleet: Omit<FleetSettings, "targets">;
  /** What users fetch in idle time, if anything. */
  readonly fetch: FetchOptions | undefined;
  readonly segment: Segment;
  readonly servers: readonly ServerPlace[];
  /** Where the host list is, if users go by one. */
  readonly hosts:
    | { readonly path: string; readonly keys: string; readonly networks: readonly string[] }
    | undefined;
  readonly sources: readonly number[];
  readonly tokenRules: TokenRules | undefined;
  readonly control: HttpAddress;
  /** Names by which the control API may be called too. */
  readonly names: readonly string[];
  /** 0: choose. */
  readonly workers: number;
  readonly engine: EngineChoice;
  readonly priority: Priority;
  readonly awards: string | undefined;
  readonly leastAnsweredPercent: number;
  readonly json: boolean;
  /** 0: run on. */
  readonly seconds: number;
  /** 0: choose. */
  readonly randomSeed: number;
}

/**
 * Reads the command line of `redpkt client`.
 *
 * @returns undefined if only help is wanted
 * @throws UserError that lists every problem
 */
export function readClientOptions(host: Host, args: readonly string[]): ClientOptions | undefined {
  const given = readCommand(host, CLIENT_FORM, args);
  if (given === undefined) return undefined;
  const { problems } = given;
  // What follows compares flags with each other, for which each must be right.
  if (Object.keys(CLIENT_FLAGS).some((name) => !Object.hasOwn(given.values, name))) {
    throw new UserError(problems.join("\n"));
  }
  const values = given.values as FlagValues<typeof CLIENT_FLAGS>;
  const { users, segment } = values;
  const total = values.total === 0 ? users.last + 1 : values.total;
  if (users.last >= total) {
    problems.push(
      `--total ${total}: user ${users.last} is beyond it. Give at least ${users.last + 1}, or lower --users`,
    );
  }
  const slice = sliceOf(users, segment);
  if (slice.count === 0) {
    const size = users.last - users.first + 1;
    problems.push(
      `--segment ${segment.index}/${segment.of}: no user of --users is in it. Use at most ${size} segments`,
    );
  }
  if (values.claim && values["no-claim"]) problems.push("--claim, --no-claim: both are given. Leave one out");
  const behaviour = readBehaviour(values.behave ?? [], values["no-claim"], problems);
  const keys = values["token-keys"];
  const protocol = values.protocol ?? (keys === undefined ? "0" : "1");
  if (protocol === "0" && (behaviour.sendsPerS > 0 || behaviour.chatsPerS > 0)) {
    problems.push("--behave: version 0 users send nothing. Add --protocol 1");
  }
  if (values.hosts !== undefined && values.server.length > 0) {
    problems.push("--hosts, --server: both are given. The list says where servers are: leave --server out");
  }
  if (values.hosts === undefined && values.network.length > 0) problems.push("--network: needs --hosts FILE");
  if (protocol === "0" && values.depot === "show") {
    problems.push("--depot show: version 0 users hear of no show. Add --protocol 1");
  }
  const mostOpen = values.open ?? (values.protocol === "0" ? 1 : MOST_OPEN);
  if (values.protocol === "0" && mostOpen > 1) {
    problems.push(
      `--open ${mostOpen}: version 0's answers don't say which shake they answer, so its users have one under way. ` +
        "Add --protocol 1",
    );
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return {
    fleet: {
      slice,
      total,
      qps: values.qps,
      pacing: values.pacing,
      connectRate: values["connect-rate"],
      behaviour,
      protocol: protocol === "1" ? 1 : 0,
      gap: values["shake-every"],
      misbehave: values.misbehave,
      disobey: values.disobey,
      roam: values.roam,
      hidePasses: values["hide-passes"],
      patienceMs: values["patience-ms"],
      inTimeMs: values["in-time-ms"],
      mostOpen,
    },
    fetch: values.depot === undefined ? undefined : {
      url: values.depot === "show" ? undefined : values.depot.replace(/\/+$/, ""),
      keys: values["depot-keys"],
      sample: values["depot-sample"],
    },
    segment,
    servers: values.server.length > 0 ? values.server : [DEFAULT_PLACE],
    hosts: values.hosts === undefined
      ? undefined
      : { path: values.hosts, keys: values["hosts-keys"], networks: values.network },
    sources: values.source,
    tokenRules: keys === undefined
      ? undefined
      : { keys: readTokenKeys(keys, "--token-keys"), event: values.event },
    control: values.control,
    names: values["allow-host"],
    workers: values.workers,
    engine: values.engine,
    priority: values.priority,
    awards: values.awards,
    leastAnsweredPercent: values["least-answered"],
    json: values.json,
    seconds: values.seconds,
    randomSeed: values["random-seed"],
  };
}

/** The behaviour out of `KEY=VALUE`s; a value is JSON, such as `[0,500]`. */
function readBehaviour(settings: readonly string[], ignores: boolean, problems: string[]): Behaviour {
  const values: Record<string, unknown> = ignores ? { claimPercent: 0 } : {};
  for (const setting of settings) {
    const [, key, text] = /^(\w+)=(.*)$/.exec(setting) ?? [];
    try {
      values[key] = JSON.parse(text);
    } catch {
      problems.push(`--behave ${setting}: must be KEY=VALUE, such as sendsPerS=20`);
    }
  }
  const result = behaviourSchema.safeParse(values);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    problems.push(`--behave ${path.join(".")}: ${message}`);
  }
  return DEFAULT_BEHAVIOUR;
}
