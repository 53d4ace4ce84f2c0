import {
  type Admission,
  ADMIT,
  CloseCode,
  DROP,
  Opcode,
  Opcode1,
  type PluginInstance,
  refuseFor,
  type SetContext,
} from "../../../core/plugin/plugin.ts";
import { DelayControl } from "./delay_control.ts";
import { Class, CLASS_BURST_MS, CLASS_NAMES, Level, LEVEL_GAUGES } from "../common/levels.ts";
import { MAX_BUSY, ThrottleMessage } from "../common/messages.ts";
import type { ThrottleConfig } from "../common/config.ts";
import { RateShare } from "./rate_share.ts";
import { UserBuckets } from "./user_buckets.ts";

/** How far ahead of their rate logins may be, in ms. */
const LOGIN_BURST_MS = 200;
/** From level 2 on logins come at this part of their rate. */
const LOGIN_PART = 0.25;
/** When who is muted may shake again for nothing, in ms. */
const MUTE_MS = 60_000;
const OPCODES = 1024;
/** Frames that reach many users, and how many others each counts for, unless the config says otherwise. */
const COSTS: readonly (readonly [opcode: number, frames: number])[] = [[Opcode1.send, 20], [
  Opcode1.chat,
  20,
]];

const METRICS = [
  "throttleAdmitted",
  "throttleByConnection",
  "throttleByHost",
  "throttleByDelay",
  "throttleByLevel",
  "throttleStale",
  "throttleUnanswered",
  "throttleLoginsByHost",
  "throttleLoginsByUser",
  "throttleLoginsBanned",
  "throttleClosedBanned",
  "throttleByMute",
  "throttleLevelRises",
] as const;
type Handles = Record<typeof METRICS[number], number>;

/** The half of `throttle` in a SET: decides in a few numbers what a frame may cost. Allocates nothing on the way. */
export class ThrottleSet implements PluginInstance {
  readonly #set: SetContext;
  readonly #config: ThrottleConfig;
  readonly #m: Handles;
  readonly #levelGauges: number[];
  readonly #wait: number;
  readonly #classOf = new Uint8Array(OPCODES).fill(Class.chat);
  /** By opcode: how many tokens of its connection's and user's buckets a frame takes. */
  readonly #costOf = new Float64Array(OPCODES).fill(1);

  /** By seat: one more than the place of its user's bucket, 0 for none. */
  readonly #placeOf: Uint32Array;
  /**
   * By seat: when the connection's own bucket is full again. Without memory until a connection needs one: as a rule its
   * user may do no more than it may, and their bucket says all.
   */
  #fullAtMs = new Float64Array(0);
  readonly #isBoundByConnection: boolean;
  readonly #users: UserBuckets;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  readonly #userIntervalMs: number;
  readonly #userBurstMs: number;
  /** Users who may not log in now, asked at logins alone; and those whose shakes win nothing, seldom any. */
  readonly #banned = new Set<number>();
  readonly #muted = new Set<number>();
  #hasMuted = false;
  /** By seat: one more than the connection that is logged in there, 0 for none. And one more than the highest such seat. */
  readonly #connectionOf: Uint32Array;
  #seats = 0;
  readonly #busy = new Int32Array(1 + MAX_BUSY);
  #busyCount = 0;

  readonly #share: RateShare;
  readonly #logins: RateShare;
  readonly #byDelay = new RateShare(Infinity, false);
  readonly #control: DelayControl;
  #loginsPerS: number;
  #isReadingLess = false;
  #wantedLevel = 0;
  #level = 0;
  /** Since the last interval: shakes admitted, and what the engine had left unread then. */
  #admitted = 0;
  #leftBefore = 0;

  constructor(set: SetContext, config: ThrottleConfig) {
    this.#set = set;
    this.#config = config;
    this.#m = Object.fromEntries(METRICS.map((name) => [name, set.metric(name)])) as Handles;
    this.#levelGauges = LEVEL_GAUGES.map((name) => set.metric(name));
    this.#wait = set.metric("throttleWaitUs");
    this.#classOf[Opcode.shakeRequest] = Class.shake;
    this.#classOf[Opcode1.shake] = Class.shake;
    this.#classOf[Opcode.claimRequest] = Class.claim;
    this.#classOf[Opcode1.claim] = Class.claim;
    this.#classOf[Opcode1.open] = Class.claim;
    this.#classOf[Opcode1.delivered] = Class.claim;
    for (const opcode of [Opcode1.detail, Opcode1.balance, Opcode1.send, Opcode1.ping]) {
      this.#classOf[opcode] = Class.shake;
    }
    const leastBurst = Math.min(config.connectionBurst, config.userBurst || config.connectionBurst);
    const costs = Object.entries(config.costs).map(([opcode, frames]) => [Number(opcode), frames] as const);
    // A frame that costs more than a whole burst would never be admitted.
    for (const [opcode, frames] of [...COSTS, ...costs]) this.#costOf[opcode] = Math.min(frames, leastBurst);
    for (const [opcode, name] of Object.entries(config.priorities)) {
      this.#classOf[Number(opcode)] = CLASS_NAMES.indexOf(name);
    }
    this.#placeOf = new Uint32Array(set.seats);
    this.#connectionOf = new Uint32Array(set.seats);
    this.#users = new UserBuckets(set.seats);
    this.#intervalMs = 1000 / config.connectionPerS;
    this.#burstMs = this.#intervalMs * config.connectionBurst;
    this.#userIntervalMs = 1000 / (config.userPerS || config.connectionPerS);
    this.#userBurstMs = this.#userIntervalMs * (config.userBurst || config.connectionBurst);
    this.#isBoundByConnection = this.#userIntervalMs < this.#intervalMs || this.#userBurstMs > this.#burstMs;
    if (this.#isBoundByConnection) this.#fullAtMs = new Float64Array(set.seats);
    this.#share = new RateShare(config.hostPerS / set.setCount);
    this.#loginsPerS = config.loginsPerS / set.setCount;
    this.#logins = new RateShare(this.#loginsPerS);
    this.#control = new DelayControl(config.targetMs, config.mostLevel);
  }

  admit(connection: number, opcode: number, nowMs: number, waitedMs: number, leftMs: number): Admission {
    if (nowMs >= this.#control.nextMs) this.#conclude(nowMs);
    const isLess = this.#level >= Level.readLess;
    const kind = this.#classOf[opcode];
    const isStale = leftMs > this.#config.staleMs;
    if (isStale && isLess && kind !== Class.claim) {
      this.#set.count(this.#m.throttleStale);
      return DROP;
    }
    // What was left on purpose says nothing of the queue that stands.
    if (leftMs === 0) this.#control.observe(waitedMs);
    this.#set.record(this.#wait, Math.max(waitedMs, leftMs) * 1000);
    const admission = this.#judge(connection, opcode, nowMs, isStale);
    if (admission === ADMIT || !isLess) return admission;
    this.#set.count(this.#m.throttleUnanswered);
    return DROP;
  }

  admitLogin(connection: number, user: number, nowMs: number): number {
    if (nowMs >= this.#control.nextMs) this.#conclude(nowMs);
    const { userLoginsPerMinute, userLoginBurst } = this.#config;
    if (this.#banned.has(user)) {
      this.#set.count(this.#m.throttleLoginsBanned);
      return CloseCode.banned;
    }
    if (this.#level >= Level.claimsOnly || !this.#logins.take(nowMs, LOGIN_BURST_MS)) {
      this.#set.count(this.#m.throttleLoginsByHost);
      return CloseCode.tooManyLogins;
    }
    const place = this.#users.placeOf(user, nowMs);
    const intervalMs = 60_000 / userLoginsPerMinute;
    if (place >= 0 && !this.#users.login(place, nowMs, intervalMs, intervalMs * userLoginBurst)) {
      this.#set.count(this.#m.throttleLoginsByUser);
      return CloseCode.tooManyLogins;
    }
    if (place < 0 && this.#fullAtMs.length === 0) this.#fullAtMs = new Float64Array(this.#set.seats);
    this.#placeOf[this.#set.seatOf(connection)] = place + 1;
    return 0;
  }

  onOpen(connection: number): void {
    const seat = this.#set.seatOf(connection);
    if (seat < this.#fullAtMs.length) this.#fullAtMs[seat] = 0;
    this.#placeOf[seat] = 0;
  }

  onLogin(connection: number): void {
    const seat = this.#set.seatOf(connection);
    this.#connectionOf[seat] = connection + 1;
    if (seat >= this.#seats) this.#seats = seat + 1;
  }

  onClose(connection: number): void {
    const seat = this.#set.seatOf(connection);
    this.#connectionOf[seat] = 0;
    const place = this.#placeOf[seat] - 1;
    if (place >= 0) this.#users.leave(place);
  }

  onMessage(words: Int32Array, at: number, count: number, nowMs: number): void {
    switch (words[at]) {
      case ThrottleMessage.share:
        this.#share.perS = Math.max(1, words[at + 1] >>> 0) / 1000;
        this.#loginsPerS = Math.max(1, words[at + 2] >>> 0) / 1000;
        return this.#apply();
      case ThrottleMessage.level:
        this.#wantedLevel = words[at + 1];
        return this.#apply();
      case ThrottleMessage.spread:
        return this.#users.spread(words[at + 1] >>> 0, words[at + 2], nowMs);
      case ThrottleMessage.bans:
        return this.#takeBans(words, at, count);
    }
  }

  /** The intervals go on while nobody asks, so that the level comes down. */
  onTick(nowMs: number): number {
    if (nowMs >= this.#control.nextMs) this.#conclude(nowMs);
    return this.#level > 0 || this.#control.limitPerS !== Infinity ? this.#control.nextMs : Infinity;
  }

  #takeBans(words: Int32Array, at: number, count: number): void {
    if (words[at + 1] === 1) {
      this.#banned.clear();
      this.#muted.clear();
    }
    const isMuted = words[at + 2] === 1;
    const level = isMuted ? this.#muted : this.#banned;
    for (let i = 3; i < count; i++) level.add(words[at + i] >>> 0);
    this.#hasMuted = this.#muted.size > 0;
    if (!isMuted && count > 3) this.#closeBanned();
  }

  /** Who is out and was in is closed. What they have won is the ledger's business, and stays theirs. */
  #closeBanned(): void {
    const set = this.#set;
    for (let seat = 0; seat < this.#seats; seat++) {
      const connection = this.#connectionOf[seat] - 1;
      if (connection < 0 || !this.#banned.has(set.userOf(connection))) continue;
      set.count(this.#m.throttleClosedBanned);
      set.close(connection, set.generationOf(connection), CloseCode.banned);
    }
  }

  /** What every limit says together. What is admitted is taken from every bucket. */
  #judge(connection: number, opcode: number, nowMs: number, isStale: boolean): Admission {
    const m = this.#m;
    const kind = this.#classOf[opcode];
    const cost = this.#costOf[opcode];
    const seat = this.#set.seatOf(connection);
    const place = this.#placeOf[seat] - 1;
    const isBound = place < 0 || this.#isBoundByConnection;
    const fullAtMs = isBound ? Math.max(this.#fullAtMs[seat], nowMs) + this.#intervalMs * cost : nowMs;
    const userFullAtMs = place < 0 ? nowMs : this.#users.after(place, nowMs, this.#userIntervalMs * cost);
    const isBusy = userFullAtMs - nowMs > this.#userBurstMs / 2;
    if (isBusy) this.#noteBusy(place);
    if (fullAtMs - nowMs > this.#burstMs || userFullAtMs - nowMs > this.#userBurstMs) {
      const admission = this.#refuse(
        m.throttleByConnection,
        Math.max(fullAtMs - this.#burstMs, userFullAtMs - this.#userBurstMs) - nowMs,
      );
      if (this.#set.rest(connection) || !isStale) return admission;
      // Of all that came during a rest, one refusal is answered: whoever waits for it sent one frame.
      this.#set.count(m.throttleUnanswered);
      return DROP;
    }
    if (this.#hasMuted && isShake(opcode) && this.#muted.has(this.#set.userOf(connection))) {
      // It counts in their rate, so that who goes on all the same is left unread like anybody.
      if (isBound) this.#fullAtMs[seat] = fullAtMs;
      if (place >= 0) this.#users.take(place, userFullAtMs);
      return this.#refuse(m.throttleByMute, MUTE_MS);
    }
    if (
      kind === Class.chat
        ? this.#level >= Level.strained
        : kind === Class.shake && this.#level >= Level.claimsOnly
    ) {
      return this.#refuse(m.throttleByLevel, 1_000);
    }
    const burstMs = CLASS_BURST_MS[kind];
    if (kind !== Class.claim && !this.#byDelay.take(nowMs, burstMs)) {
      return this.#refuse(m.throttleByDelay, this.#byDelay.waitMs(nowMs));
    }
    if (!this.#share.take(nowMs, burstMs)) {
      return this.#refuse(m.throttleByHost, this.#share.waitMs(nowMs));
    }
    if (isBound) this.#fullAtMs[seat] = fullAtMs;
    if (place >= 0) this.#users.take(place, userFullAtMs);
    if (kind === Class.shake && opcode !== Opcode1.ping) {
      this.#set.count(m.throttleAdmitted);
      this.#admitted++;
    }
    return ADMIT;
  }

  #refuse(metric: number, retryAfterMs: number): Admission {
    this.#set.count(metric);
    return refuseFor(retryAfterMs);
  }

  #conclude(nowMs: number): void {
    const { leftUnread } = this.#set;
    this.#control.conclude(nowMs, this.#admitted, leftUnread > this.#leftBefore);
    this.#admitted = 0;
    this.#leftBefore = leftUnread;
    if (this.#busyCount > 0) this.#tellBusy();
    this.#apply();
  }

  /** Does what the higher of both levels means. */
  #apply(): void {
    const level = Math.max(this.#wantedLevel, this.#control.level);
    const part = level >= Level.readLess ? LOGIN_PART : 1;
    if (this.#logins.perS !== this.#loginsPerS * part) this.#logins.perS = this.#loginsPerS * part;
    if (level > this.#level && level > this.#wantedLevel) this.#set.count(this.#m.throttleLevelRises);
    if (level !== this.#level) this.#reach(level);
    // What isn't read limits itself; a limit besides would refuse what was worth reading.
    this.#byDelay.perS = this.#isReadingLess ? Infinity : this.#control.limitPerS;
    if (level > 0) this.#set.tickAt(this.#control.nextMs);
  }

  #reach(level: number): void {
    if (this.#level > 0) this.#set.count(this.#levelGauges[this.#level - 1], -1);
    if (level > 0) this.#set.count(this.#levelGauges[level - 1]);
    this.#level = level;
    this.#isReadingLess =
      this.#set.readLess(level >= Level.readLess ? this.#config.readsPerPass : Infinity) &&
      level >= Level.readLess;
  }

  #noteBusy(place: number): void {
    if (this.#set.setCount === 1 || this.#busyCount === MAX_BUSY) return;
    const user = this.#users.userAt(place) | 0;
    for (let i = 1; i <= this.#busyCount; i++) if (this.#busy[i] === user) return;
    this.#busy[++this.#busyCount] = user;
  }

  #tellBusy(): void {
    this.#busy[0] = ThrottleMessage.busy;
    // A full mailbox forgets them: who goes on is told of again.
    this.#set.post(this.#busy, 1 + this.#busyCount);
    this.#busyCount = 0;
  }
}

function isShake(opcode: number): boolean {
  return opcode === Opcode1.shake || opcode === Opcode.shakeRequest;
}
