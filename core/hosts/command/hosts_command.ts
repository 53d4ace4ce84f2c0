import { z } from "zod";
import { didYouMean } from "../../base/did_you_mean.ts";
import { exists } from "../../base/exists.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { commandOf, commandOfActions, noSuchAction } from "../../cli/command/command.ts";
import { flag, type Flags, type FlagValues, wholeNumber } from "../../cli/flags.ts";
import type { Host } from "../../cli/host.ts";
import { JSON_FLAG, writeResult } from "../../cli/json_output.ts";
import { KeyFolder } from "../../seed/file/keys.ts";
import { keyCommand } from "../../seed/key_command.ts";
import { type HostList, parseHostList } from "../list/host_list.ts";
import { readSignedList, signHostList } from "../list/signed_list.ts";
import { ListRefused } from "../list/split_signed.ts";
import { PLACE_STATES, type PlaceState } from "../order/host_order.ts";
import { listText, orderOf, userText } from "./list_text.ts";
import { makeList } from "./make_list.ts";

const FLAGS = {
  keys: flag(
    "DIR",
    "folder of keys: signs with signing.pem, believes trusted/",
    z.string().min(1).default("keys"),
  ),
  out: flag(
    "FILE",
    "make, sign: where the list goes [hosts.json, and hosts.signed]",
    z.string().min(1).optional(),
  ),
  event: flag("NAME", "make: which event", z.string().min(1).optional()),
  port: flag("N", "make: where hosts listen", wholeNumber(1, 65_535).default(1025)),
  "admin-port": flag("N", "make: where their admin APIs are", wholeNumber(1, 65_535).default(8989)),
  user: flag("ID", "show: in which order this user tries hosts", wholeNumber(0, 0xffff_ffff).optional()),
  network: flag("NAME", "show: of a user in this network", z.string().optional()),
  json: JSON_FLAG,
} satisfies Flags;

type Options = FlagValues<typeof FLAGS>;

const WORDS = {
  "make CLUSTER[@CITY]=ADDRESSES ...": "begins a list; edit what it doesn't ask, then sign it",
  "sign FILE": "signs a list, for everybody who trusts the key",
  "check FILE": "proves a signed list; exit code 1 if it doesn't count",
  "show FILE": "its hosts, and which part of the users each has",
  "state FILE NAME up|drain|out": "changes a host or a cluster: a new version, signed anew",
};

const lists = commandOf({
  name: "hosts",
  about: "Says which hosts an event has, for clients, gateways and whoever watches.",
  takes: "ACTION ...",
  words: WORDS,
  flags: FLAGS,
  examples: [
    {
      line: "redpkt hosts make --event gala north@beijing=10.0.0.1-10.0.0.35",
      shows: "a list of one cluster",
    },
    { line: "redpkt hosts show hosts.signed --user 4711", shows: "in which order this user tries hosts" },
    { line: "redpkt hosts state hosts.signed north-7 drain", shows: "nobody goes there any more" },
  ],
}, run);

/** `redpkt hosts`. */
export const command = commandOfActions(
  lists.form,
  { key: keyCommand("hosts key", "host lists") },
  (host, args) => lists.run(host, args),
);

function run(host: Host, values: Options, [action, ...operands]: readonly string[]): number {
  switch (action) {
    case undefined:
      throw new UserError("give an action, such as redpkt hosts show hosts.signed. See redpkt hosts --help");
    case "make":
      return make(host, values, operands);
    case "sign":
      return sign(host, values, one(action, operands));
    case "check":
      return check(host, values, one(action, operands));
    case "show":
      return show(host, values, one(action, operands));
    case "state":
      return state(host, values, operands);
    default: {
      const names = ["make", "sign", "check", "show", "state", "key"];
      throw noSuchAction(action, names);
    }
  }
}

function make(host: Host, values: Options, operands: readonly string[]): number {
  const { event, port, "admin-port": adminPort, out = "hosts.json" } = values;
  const list = makeList({ event, port, adminPort }, operands);
  write(out, `${JSON.stringify(list, null, 2)}\n`);
  const said = () => `${out}: ${list.clusters.length} clusters. Sign it: redpkt hosts sign ${out}\n`;
  writeResult(host, values.json, { file: out, list }, said);
  return ExitCode.ok;
}

function sign(host: Host, values: Options, path: string): number {
  const { keys, out = path.replace(/(?:\.json)?$/, ".signed") } = values;
  const key = signingKey(keys);
  const list = plainList(path, read(path));
  if (exists(out)) {
    const before = proven(out, keys);
    if (list.version <= before.version) {
      throw new UserError(
        `${path}: version ${list.version} isn't above version ${before.version} of ${out}. Raise it`,
      );
    }
  }
  write(out, signHostList(list, key));
  return said(host, values, out, list, key.id, "signed");
}

function check(host: Host, values: Options, path: string): number {
  try {
    const { list, signer } = readSignedList(read(path), new KeyFolder(values.keys).trusted());
    return said(host, values, path, list, signer, "counts");
  } catch (error) {
    if (!(error instanceof ListRefused)) throw error;
    const { fault, message } = error;
    writeResult(
      host,
      values.json,
      { file: path, counts: false, fault, why: message },
      () => `${path}: ${message}\n`,
    );
    return ExitCode.failed;
  }
}

function show(host: Host, values: Options, path: string): number {
  const text = read(path);
  const list = isSigned(text) ? proven(path, values.keys) : plainList(path, text);
  const { user, network } = values;
  if (user === undefined) writeResult(host, values.json, { file: path, list }, () => listText(list));
  else {
    const hosts = orderOf(list, user, network);
    writeResult(host, values.json, { file: path, user, hosts }, () => userText(list, user, hosts));
  }
  return ExitCode.ok;
}

function state(host: Host, values: Options, operands: readonly string[]): number {
  const [path, name, text, ...more] = operands;
  const wanted = PLACE_STATES.find((known) => known === text);
  if (wanted === undefined || more.length > 0) {
    throw new UserError("state: give a signed list, a host or cluster, and up, drain or out");
  }
  const key = signingKey(values.keys);
  const before = proven(path, values.keys);
  const list = withState(before, name, wanted);
  // Complete under another name first: who reads it meanwhile finds the old one or the new one.
  write(`${path}.new`, signHostList(list, key));
  Deno.renameSync(`${path}.new`, path);
  return said(host, values, path, list, key.id, `${name} is ${wanted}`);
}

/** The next version of a list, in which a host or a cluster has another state. */
function withState(list: HostList, name: string, state: PlaceState): HostList {
  let found = 0;
  const changed = <T extends { readonly name: string }>(place: T): T => {
    if (place.name !== name) return place;
    found++;
    return { ...place, state };
  };
  const clusters = list.clusters.map((cluster) => changed({ ...cluster, hosts: cluster.hosts.map(changed) }));
  if (found === 1) return { ...list, version: list.version + 1, clusters };
  const names = list.clusters.flatMap((cluster) => [cluster.name, ...cluster.hosts.map((host) => host.name)]);
  throw new UserError(
    found > 1
      ? `${name}: a host and a cluster have this name. Rename one`
      : `${name}: no host or cluster has this name.${didYouMean(name, names)}`,
  );
}

function said(
  host: Host,
  values: Options,
  file: string,
  list: HostList,
  signer: string,
  what: string,
): number {
  const { event, version, clusters } = list;
  const hosts = clusters.reduce((sum, cluster) => sum + cluster.hosts.length, 0);
  const result = { file, counts: true, event, version, clusters: clusters.length, hosts, signer };
  writeResult(
    host,
    values.json,
    result,
    () =>
      `${file}: ${event} version ${version}, ${hosts} hosts in ${clusters.length} clusters, ${what}; key ${signer}\n`,
  );
  return ExitCode.ok;
}

function isSigned(text: string): boolean {
  return text.trimEnd().split("\n").at(-1)!.startsWith('{"key":');
}

/** @throws UserError if it doesn't count */
function proven(path: string, keys: string): HostList {
  try {
    return readSignedList(read(path), new KeyFolder(keys).trusted()).list;
  } catch (error) {
    if (!(error instanceof ListRefused)) throw error;
    throw new UserError(`${path}: ${error.message}`);
  }
}

function plainList(path: string, text: string): HostList {
  try {
    return parseHostList(text);
  } catch (error) {
    throw new UserError((error as Error).message.split("\n").map((line) => `${path}: ${line}`).join("\n"));
  }
}

function signingKey(keys: string) {
  const key = new KeyFolder(keys, "redpkt hosts key").signing();
  if (key !== undefined) return key;
  throw new UserError(
    `--keys ${keys}: holds no key that signs. Make one: redpkt hosts key new --keys ${keys}`,
  );
}

function one(action: string, operands: readonly string[]): string {
  if (operands.length === 1) return operands[0];
  throw new UserError(`${action}: give one file of a list`);
}

function read(path: string): string {
  return doing(path, "read", () => Deno.readTextFileSync(path));
}

function write(path: string, text: string): void {
  doing(path, "written", () => Deno.writeTextFileSync(path, text));
}

function doing<T>(path: string, what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new UserError(
      `${path}: cannot be ${what}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
