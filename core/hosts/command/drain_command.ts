import { z } from "zod";
import { sleep } from "../../base/clock.ts";
import { formatCount } from "../../base/units.ts";
import { ExitCode, UserError } from "../../base/user_error.ts";
import { commandOf } from "../../cli/command/command.ts";
import { flag, type Flags, type FlagValues, switchFlag, wholeNumber } from "../../cli/flags.ts";
import type { Host } from "../../cli/host.ts";
import { JSON_FLAG, writeResult } from "../../cli/json_output.ts";
import { Progress } from "../../cli/progress.ts";
import { HostListFile } from "../list/list_file.ts";
import { AdminApi } from "./admin_api.ts";

const FLAGS = {
  cluster: flag(
    "NAME",
    "all hosts of this cluster at once; its users go to other clusters",
    z.string().optional(),
  ),
  rolling: switchFlag("one host after the other, each once the one before is back: a rolling restart"),
  hosts: flag("FILE", "signed host list, by whose names hosts can be given", z.string().min(1).optional()),
  "hosts-keys": flag("DIR", "folder of keys: whose lists count", z.string().min(1).default("keys")),
  rate: flag(
    "N",
    "users a second who are told to move, of all these hosts together",
    wholeNumber(1, 1_000_000).default(3_000),
  ),
  "back-seconds": flag(
    "N",
    "with --rolling: how long a host may take to be back",
    wholeNumber(1, 86_400).default(300),
  ),
  json: JSON_FLAG,
} satisfies Flags;

type Options = FlagValues<typeof FLAGS>;

/** A host to be drained. */
interface Target {
  readonly name: string;
  readonly admin: string;
}

/** What became of one. */
interface Drained {
  readonly host: string;
  /** Users who were there at the beginning, and who were left when it stopped. */
  readonly users: number;
  readonly left: number;
  readonly seconds: number;
}

/** How often hosts are looked at, and how long users may take beyond what the rate needs. */
const LOOK_MS = 200;
const GRACE_MS = 20_000;
/** Hosts tell their age to the second: another process is younger by more than that. */
const ROUNDING_MS = 1_500;
/** How long a host may take to end after its users have gone. */
const STOP_MS = 60_000;

/** `redpkt drain`. */
export const command = commandOf({
  name: "drain",
  about: "Moves the users of hosts elsewhere at a rate, then stops the hosts.\n\n" +
    "HOST is a name of the list, or the address of an admin API. REDPKT_TOKEN is shown where it is set.",
  takes: "[HOST ...]",
  flags: FLAGS,
  examples: [
    { line: "redpkt drain 10.0.0.7:8989", shows: "moves the users of one host, and stops it" },
    {
      line: "redpkt drain --hosts hosts.signed --cluster north",
      shows: "a whole cluster: its users go to others",
    },
    {
      line: "redpkt drain --hosts hosts.signed --rolling north-1 north-2",
      shows: "a rolling restart: each once the one before is back",
    },
  ],
}, async (host, values, operands) => {
  const targets = targetsOf(values, operands);
  const drain = new Drain(host, values, new AdminApi(host.env("REDPKT_TOKEN")));
  const drained = values.rolling ? await drain.rolling(targets) : await drain.together(targets);
  writeResult(host, values.json, { hosts: drained }, () => drained.map(drainedText).join(""));
  return ExitCode.ok;
});

class Drain {
  readonly #host: Host;
  readonly #options: Options;
  readonly #api: AdminApi;

  constructor(host: Host, options: Options, api: AdminApi) {
    this.#host = host;
    this.#options = options;
    this.#api = api;
  }

  /** All at once; the rate is that of all. */
  async together(targets: readonly Target[]): Promise<Drained[]> {
    const perS = this.#options.rate / targets.length;
    return await Promise.all(targets.map((target) => this.#drain(target, perS)));
  }

  /** One after the other: each must be ready again before the next one goes. */
  async rolling(targets: readonly Target[]): Promise<Drained[]> {
    for (const target of targets) await this.#mustBeReady(target);
    const drained: Drained[] = [];
    for (const target of targets) {
      const before = await this.#api.startedMs(target.admin, this.#nowMs());
      drained.push(await this.#drain(target, this.#options.rate));
      await this.#isBack(target, before ?? 0);
    }
    return drained;
  }

  async #drain({ name, admin }: Target, perS: number): Promise<Drained> {
    const startMs = this.#nowMs();
    const { users } = await this.#api.move(admin, Math.max(1, perS), this.#options.cluster !== undefined);
    const limitMs = startMs + users / perS * 2_000 + GRACE_MS;
    const progress = new Progress(this.#host, "users");
    let left = users;
    while (left > 0 && this.#nowMs() < limitMs) {
      await sleep(LOOK_MS);
      const now = await this.#api.users(admin);
      progress.add(Math.max(0, left - now), users, `drain ${name}`);
      left = Math.min(left, now);
    }
    progress.end();
    await this.#api.stop(admin);
    const stopMs = this.#nowMs() + STOP_MS;
    while (this.#nowMs() < stopMs && await this.#api.isStopping(admin)) await sleep(LOOK_MS);
    return { host: name, users, left, seconds: Math.round((this.#nowMs() - startMs) / 100) / 10 };
  }

  async #mustBeReady({ name, admin }: Target): Promise<void> {
    if (await this.#api.isReady(admin)) return;
    throw new UserError(`${name} (${admin}): isn't ready, and a rolling restart begins with all hosts ready`);
  }

  async #isBack({ name, admin }: Target, before: number): Promise<void> {
    const { "back-seconds": seconds } = this.#options;
    const untilMs = this.#nowMs() + seconds * 1000;
    for (;;) {
      const startedMs = await this.#api.startedMs(admin, this.#nowMs());
      if (startedMs !== undefined && startedMs > before + ROUNDING_MS && await this.#api.isReady(admin)) {
        return;
      }
      if (this.#nowMs() > untilMs) {
        throw new UserError(
          `${name} (${admin}): isn't back after ${seconds} s. The hosts behind it were left alone`,
          ExitCode.failed,
        );
      }
      await sleep(LOOK_MS);
    }
  }

  #nowMs(): number {
    return this.#host.clock.monotonicMs();
  }
}

function targetsOf({ hosts, "hosts-keys": keys, cluster }: Options, operands: readonly string[]): Target[] {
  const clusters = hosts === undefined ? [] : new HostListFile(hosts, keys).list.clusters;
  const listed = clusters.flatMap((cluster) => cluster.hosts);
  const problems: string[] = [];
  if (cluster !== undefined && hosts === undefined) problems.push("--cluster: needs --hosts FILE");
  if (cluster === undefined && operands.length === 0) problems.push("give hosts, or --cluster NAME");
  const inCluster = clusters.find(({ name }) => name === cluster)?.hosts;
  if (cluster !== undefined && hosts !== undefined && inCluster === undefined) {
    problems.push(`--cluster ${cluster}: the list has none of this name`);
  }
  const targets = [...operands, ...(inCluster ?? []).map(({ name }) => name)].flatMap((name): Target[] => {
    const host = listed.find((host) => host.name === name);
    if (host === undefined && /^.+:\d{1,5}$/.test(name)) return [{ name, admin: name }];
    if (host === undefined) problems.push(`${name}: no host of a list, and no address of an admin API`);
    else if (host.admin === "") problems.push(`${name}: the list doesn't say where its admin API is`);
    else return [{ name, admin: host.admin }];
    return [];
  });
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return targets;
}

function drainedText({ host, users, left, seconds }: Drained): string {
  const stayed = left === 0 ? "" : `, ${formatCount(left)} had not gone`;
  return `${host}: ${formatCount(users)} users moved${stayed}, stopped after ${seconds} s\n`;
}
