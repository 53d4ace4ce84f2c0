import type { HostContext, ShowBan } from "../../../core/plugin/plugin.ts";
import { MAX_BANS, ThrottleMessage } from "../common/messages.ts";

/** Words before the users of a message. */
const HEAD_WORDS = 3;

/** Tells every SET who is banned now. A ban ends by itself. */
export class BanList {
  readonly #host: HostContext;
  readonly #words = new Int32Array(HEAD_WORDS + MAX_BANS);
  /** By SET: how many of the present ones it knows; -1: it doesn't know that they have changed. */
  readonly #told: Int32Array;
  #all: readonly ShowBan[] = [];
  /** Those who are out, then those who are muted. */
  #present: readonly ShowBan[] = [];
  #endsMs = Infinity;

  constructor(host: HostContext) {
    this.#host = host;
    this.#told = new Int32Array(host.setCount);
  }

  get size(): number {
    return this.#present.length;
  }

  set(bans: readonly ShowBan[]): void {
    this.#all = bans;
    this.#begin();
  }

  /** False if a mailbox is full: call again soon. */
  tell(): boolean {
    if (this.#host.unixMs() >= this.#endsMs) this.#begin();
    let isDone = true;
    for (let set = 0; set < this.#told.length; set++) isDone = this.#tellSet(set) && isDone;
    return isDone;
  }

  #begin(): void {
    const nowMs = this.#host.unixMs();
    const present = this.#all.filter(({ untilMs }) => untilMs > nowMs);
    if (present.length > 0 || this.#present.length > 0) this.#told.fill(-1);
    const at = (level: ShowBan["level"]) => present.filter((one) => one.level === level);
    this.#present = [...at("out"), ...at("mute")];
    this.#endsMs = present.reduce((first, { untilMs }) => Math.min(first, untilMs), Infinity);
    this.#host.gauge("throttleBanned", present.length);
  }

  #tellSet(set: number): boolean {
    this.#words[0] = ThrottleMessage.bans;
    while (this.#told[set] < this.#present.length) {
      const from = Math.max(0, this.#told[set]);
      const isMuted = this.#present[from]?.level === "mute";
      const more = this.#present.slice(from, from + MAX_BANS);
      const users = more.filter(({ level }) => (level === "mute") === isMuted);
      this.#words[1] = this.#told[set] < 0 ? 1 : 0;
      this.#words[2] = isMuted ? 1 : 0;
      this.#words.set(users.map(({ user }) => user | 0), HEAD_WORDS);
      if (!this.#host.post(set, this.#words, HEAD_WORDS + users.length)) return false;
      this.#told[set] = from + users.length;
    }
    return true;
  }
}
