import {
  allBans,
  type HostContext,
  type PluginControl,
  type PluginRoute,
  type ShowDocument,
  z,
} from "../../../core/plugin/plugin.ts";
import { BusyUsers } from "./busy_users.ts";
import { LevelWatch } from "./level_watch.ts";
import { Level, LEVEL_GAUGES, LEVEL_NAMES } from "../common/levels.ts";
import { ThrottleMessage } from "../common/messages.ts";
import { BanList } from "./ban_list.ts";
import type { ThrottleConfig } from "../common/config.ts";

/** How often the host's caps are shared out anew. */
const SHARE_MS = 100;
/** Part of a cap that is shared evenly, so that a SET whose users begin to shake can serve them at once. */
const EVEN_PART = 0.1;
/** How much of a new measurement of demand counts. */
const SMOOTHING = 0.5;
/** Demand that differs from an even one by less than this part is even: what is left is chance. */
const UNEVEN = 0.25;
/** How much of the way to its new part a SET goes at once: a part that jumps lets two SETs have the same second. */
const APPROACH = 0.25;

/** What a host takes at most. */
type Caps = Pick<ThrottleConfig, "hostPerS" | "loginsPerS" | "acceptsPerS" | "connections">;

/** The half of `throttle` on the main thread: gives each SET its share of the host's caps, and takes an operator's level. */
export class ThrottleHost implements PluginControl {
  readonly routes: readonly PluginRoute[];
  readonly #host: HostContext;
  readonly #config: ThrottleConfig;
  /** The config's caps, or what a show sets instead. */
  #caps: Caps;
  readonly #bans: BanList;
  /** The caps have changed, and SETs don't know. */
  #isShareDue = false;
  readonly #seen: Float64Array;
  readonly #demand: Float64Array;
  /** The part of the cap that each SET has. */
  readonly #parts: Float64Array;
  readonly #told: Uint8Array;
  readonly #busy = new BusyUsers();
  readonly #levelWatch: LevelWatch;
  readonly #words = new Int32Array(3);
  #wantedLevel = 0;
  #forgetAtMs = 0;

  constructor(host: HostContext, config: ThrottleConfig) {
    this.#host = host;
    this.#config = config;
    this.#caps = config;
    this.#bans = new BanList(host);
    this.#seen = new Float64Array(host.setCount);
    this.#demand = new Float64Array(host.setCount);
    this.#parts = new Float64Array(host.setCount).fill(1 / host.setCount);
    this.#told = new Uint8Array(host.setCount);
    this.#levelWatch = new LevelWatch((...line) => host.log(...line));
    this.#limitAccepts();
    this.routes = [{
      method: "post",
      path: "/level",
      summary: "Sets the least level of shedding: 0 normal, 1 strained, 2 read less, 3 claims only",
      body: z.strictObject({ level: z.int().min(0).max(3) }),
      handle: ({ body }) => this.#setLevel((body as { level: number }).level),
    }, {
      method: "get",
      path: "/level",
      summary: "The level that is wanted, and how many SETs are at which",
      handle: () => this.#levels(),
    }];
  }

  onTick(nowMs: number): number {
    if (nowMs >= this.#forgetAtMs) {
      this.#forgetAtMs = nowMs + 1_000;
      this.#busy.forget(nowMs);
    }
    this.#watchLevel(nowMs);
    const isTold = this.#bans.tell() && this.#tellLevel();
    let total = 0;
    for (let set = 0; set < this.#demand.length; set++) {
      const shakes = this.#host.valueOf(set, "throttleAdmitted") + this.#host.valueOf(set, "throttleByHost");
      this.#demand[set] += SMOOTHING * (shakes - this.#seen[set] - this.#demand[set]);
      this.#seen[set] = shakes;
      total += this.#demand[set];
    }
    if (!isTold) return nowMs + SHARE_MS;
    // With nobody shaking the shares stay as they are, and the next look can wait for the first shake's second.
    if (total < 1 && !this.#isShareDue) return nowMs + SHARE_MS * 5;
    this.#isShareDue = false;
    this.#share(total);
    return nowMs + SHARE_MS;
  }

  onMessage(set: number, words: Int32Array, at: number, count: number): void {
    if (words[at] !== ThrottleMessage.busy) return;
    const nowMs = this.#host.monotonicMs();
    for (let i = 1; i < count; i++) {
      const user = words[at + i] >>> 0;
      const sets = this.#busy.note(user, set, nowMs);
      this.#words[0] = ThrottleMessage.spread;
      this.#words[1] = user;
      this.#words[2] = sets.length;
      for (const each of sets) this.#host.post(each, this.#words, 3);
    }
  }

  onShow(show: ShowDocument): void {
    const { level, limits } = show;
    const { hostPerS, loginsPerS, acceptsPerS, connections } = this.#config;
    this.#caps = {
      hostPerS: limits.shakesPerS ?? hostPerS,
      loginsPerS: limits.loginsPerS ?? loginsPerS,
      acceptsPerS: limits.acceptsPerS ?? acceptsPerS,
      connections: limits.connections ?? connections,
    };
    this.#isShareDue = true;
    this.#bans.set(allBans(show));
    if (level === this.#wantedLevel) this.#limitAccepts();
    else this.#setLevel(level);
    this.#host.wakeUp();
  }

  status(): Record<string, unknown> {
    const refused = {
      byConnection: this.#host.total("throttleByConnection"),
      byHost: this.#host.total("throttleByHost"),
      byDelay: this.#host.total("throttleByDelay"),
      byLevel: this.#host.total("throttleByLevel"),
      loginsByHost: this.#host.total("throttleLoginsByHost"),
      loginsByUser: this.#host.total("throttleLoginsByUser"),
    };
    return {
      hostPerS: this.#caps.hostPerS,
      banned: this.#bans.size,
      ...this.#levels(),
      refused,
      dropped: this.#dropped(),
      busyUsers: this.#busy.size,
    };
  }

  /** Frames dropped without an answer. */
  #dropped(): number {
    return this.#host.total("throttleStale") + this.#host.total("throttleUnanswered");
  }

  #watchLevel(nowMs: number): void {
    const atLevel = LEVEL_GAUGES.map((name) => this.#host.total(name));
    this.#levelWatch.look({
      level: atLevel.findLastIndex((sets) => sets > 0) + 1,
      sets: atLevel.reduce((sum, sets) => sum + sets, 0),
      wanted: this.#wantedLevel,
      dropped: this.#dropped(),
    }, nowMs);
  }

  #levels(): Record<string, unknown> {
    return {
      wantedLevel: this.#wantedLevel,
      meaning: LEVEL_NAMES[this.#wantedLevel],
      sets: {
        all: this.#host.setCount,
        strained: this.#host.total("throttleSetsStrained"),
        readLess: this.#host.total("throttleSetsReadingLess"),
        claimsOnly: this.#host.total("throttleSetsClaimsOnly"),
      },
    };
  }

  #setLevel(level: number): Record<string, unknown> {
    this.#wantedLevel = level;
    this.#told.fill(0);
    this.#limitAccepts();
    this.#host.log("level set", { wantedLevel: level, meaning: LEVEL_NAMES[level] });
    this.#host.wakeUp();
    return { wantedLevel: level, meaning: LEVEL_NAMES[level] };
  }

  #limitAccepts(): void {
    const { acceptsPerS, connections } = this.#caps;
    const perS = this.#wantedLevel >= Level.claimsOnly ? 0 : acceptsPerS || Infinity;
    this.#host.limitAccepts(perS, connections || Infinity);
  }

  /** Tells every SET the level that it doesn't know yet; false if a mailbox is full. */
  #tellLevel(): boolean {
    this.#words[0] = ThrottleMessage.level;
    this.#words[1] = this.#wantedLevel;
    for (let set = 0; set < this.#told.length; set++) {
      if (this.#told[set] === 0 && this.#host.post(set, this.#words, 2)) this.#told[set] = 1;
    }
    return this.#told.every((told) => told === 1);
  }

  #share(total: number): void {
    const sets = this.#demand.length;
    const even = total / sets;
    const isEven = total < 1 || this.#demand.every((demand) => Math.abs(demand - even) <= UNEVEN * even);
    this.#words[0] = ThrottleMessage.share;
    this.#words[2] = Math.min(0xffff_ffff, this.#caps.loginsPerS / sets * 1000);
    for (let set = 0; set < sets; set++) {
      const part = isEven ? 1 / sets : EVEN_PART / sets + (1 - EVEN_PART) * this.#demand[set] / total;
      this.#parts[set] += APPROACH * (part - this.#parts[set]);
      this.#words[1] = Math.min(0xffff_ffff, this.#caps.hostPerS * this.#parts[set] * 1000);
      this.#host.post(set, this.#words, 3);
    }
  }
}
