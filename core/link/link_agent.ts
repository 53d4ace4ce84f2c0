import type { KeyObject } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { type Bus, isSameValue } from "../bus/bus.ts";
import { isSignedFor } from "../seed/file/keys.ts";
import { type ShowDocument, versionText } from "../show/document.ts";
import { compareShows, type ShowFault, type SignedShow } from "../show/signed.ts";
import { ClockCheck, type ClockReading } from "./clock_check.ts";
import { type Offered, ShowKeeper } from "./show_keeper.ts";
import type { ShowStore } from "./show_store.ts";
import {
  CLOCK_PURPOSE,
  clockWords,
  decodeWords,
  encodeWords,
  isSameMark,
  markOf,
  type ShowMark,
  subjects,
} from "./words.ts";

/** How often a host says what it is when nothing changes, and how often it looks at its paths. */
const TELL_MS = 2_000;
const LOOK_MS = 250;
/** How often it asks what the time is. */
const CLOCK_MS = 5_000;
/** How long a host that can't say yet whether it could play a document is left alone. */
const RECHECK_MS = 200;
/** A path that has an older document than the host, or none, is given it after at least and at most so long. */
const MEND_MS = 4_000;
const MAX_MEND_MS = 12_000;
/** Steps of the wall clock by more than this make what is known of it useless. */
const STEP_MS = 100;

/** Who it links. */
export interface LinkName {
  readonly event: string;
  readonly host: string;
  readonly city: string;
  readonly cluster: string;
}

/** What is counted of it. */
export type LinkCount = ShowFault | "applied" | "pathFailure" | "openForged";

/** The host behind a link. */
export interface LinkedHost {
  /** Why it can't play a document; undefined: it can't say yet. May answer at once or later, once. */
  check(show: ShowDocument, answer: (problems: readonly string[] | undefined) => void): void;
  /** A document counts from now on. */
  apply(show: ShowDocument): void;
  /** Whether packets are held, since the clock is off. */
  hold(isHolding: boolean, reading: ClockReading | undefined): void;
  count(what: LinkCount): void;
  /** There is something to say: `turn` should be called soon. */
  wake(): void;
  log(level: "info" | "warn" | "error", event: string, fields: Record<string, unknown>): void;
}

interface LinkParts {
  readonly name: LinkName;
  readonly buses: readonly Bus[];
  readonly trusted: ReadonlyMap<string, KeyObject>;
  readonly store: ShowStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly host: LinkedHost;
}

/** A path, and when the host begins to think that it has lost what the host has. */
interface Path {
  readonly bus: Bus;
  wasConnected: boolean;
  /** The document that it holds, by its hash: null if it holds none that counts; undefined: it hasn't said. */
  holds: string | null | undefined;
  /** By subject: the hash of what was refused last, so that it counts once. */
  readonly refused: Map<string, string>;
  mendAtMs: number;
  /** The question that is open: monotonic and wall time. */
  asked: { readonly sentMs: number; readonly wallMs: number } | undefined;
}

/**
 * A host's side of a show: hears every path, takes the newest valid document of any, keeps it, lets it count at its time,
 * and says so on every path. It owns no thread and no timer: whoever runs it calls `turn`.
 */
export class LinkAgent {
  readonly #parts: LinkParts;
  readonly #keeper: ShowKeeper;
  readonly #paths: readonly Path[];
  readonly #clockCheck = new ClockCheck();
  readonly #startedMs: number;
  /** By subject: the newest document that the host is asked about. */
  readonly #checking = new Map<string, SignedShow>();
  readonly #recheckAtMs = new Map<string, number>();
  readonly #judged = new Map<string, { readonly value: Uint8Array; readonly offered: Offered }>();
  #prepared: ShowMark | null = null;
  #refused: { readonly epoch: number; readonly number: number; readonly why: string } | null = null;
  #isHolding = false;
  #said = 0;
  #nextClockMs = 0;
  #isChanged = true;
  #nextTellMs = 0;
  #nextLookMs = 0;
  #lastOffsetMs: number;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    const { buses, clock, name, trusted, store, host } = parts;
    this.#startedMs = clock.wallMs();
    this.#lastOffsetMs = clock.wallMs() - clock.monotonicMs();
    this.#keeper = new ShowKeeper(trusted, name.event, store, this.#startedMs, (fault, why) => {
      host.count(fault);
      host.log("error", "show on disk refused", { fault, why });
    });
    this.#paths = buses.map((bus) => ({
      bus,
      wasConnected: false,
      holds: undefined,
      refused: new Map(),
      mendAtMs: Infinity,
      asked: undefined,
    }));
  }

  /** Lets what is on disk count again, and begins to listen. */
  start(): void {
    const { name, host } = this.#parts;
    const { active } = this.#keeper;
    if (active !== undefined) {
      host.log("info", "show from disk", { version: versionText(active.document) });
      host.apply(active.document);
    }
    for (const path of this.#paths) {
      path.bus.watch(
        subjects.show(name.event),
        (value) => this.#onValue(path, subjects.show(name.event), value),
      );
      path.bus.watch(
        subjects.prepare(name.event),
        (value) => this.#onValue(path, subjects.prepare(name.event), value),
      );
      path.bus.hear(subjects.ask(name.event), () => this.#change());
      path.bus.hear(subjects.clock(name.event, name.host), (_from, bytes) => this.#onClock(path, bytes));
    }
  }

  get newest(): SignedShow | undefined {
    return this.#keeper.newest;
  }

  get active(): SignedShow | undefined {
    return this.#keeper.active;
  }

  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** Does what is due; returns how long until the next call, in ms. */
  turn(): number {
    const { clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    this.#noteStep(wallMs - nowMs);
    // Writing takes a disk's time, and hosts are to begin together: it waits for the next turn.
    this.#keeper.settle();
    const due = this.#keeper.due(wallMs);
    if (due !== undefined) this.#activate(due);
    for (const [subject, atMs] of this.#recheckAtMs) {
      if (atMs <= nowMs) this.#ask(subject, this.#checking.get(subject)!);
    }
    if (nowMs >= this.#nextLookMs) this.#look(nowMs);
    if (this.#isChanged || nowMs >= this.#nextTellMs) this.#tell(nowMs, wallMs);
    const nextMs = Math.min(this.#nextTellMs, this.#nextLookMs, ...this.#recheckAtMs.values()) - nowMs;
    if (this.#keeper.isUnsettled) return 0;
    return Math.max(0, Math.min(nextMs, this.#keeper.dueMs - wallMs));
  }

  #activate(show: SignedShow): void {
    const { host } = this.#parts;
    this.#keeper.activate(show);
    host.count("applied");
    host.log("info", "show counts", { version: versionText(show.document), signer: show.signer });
    host.apply(show.document);
    this.#isChanged = true;
  }

  #onValue(path: Path, subject: string, value: Uint8Array | undefined): void {
    const isShow = subject === subjects.show(this.#parts.name.event);
    if (isShow) path.holds = null;
    if (value === undefined) return;
    const offered = this.#judgeOnce(subject, value, isShow);
    if (isShow) {
      path.holds = offered.kind === "same" ? this.#keeper.newest!.hash : offered.show?.hash ?? null;
    }
    if (offered.kind === "refused") return this.#refuse(path, subject, value, offered);
    if (offered.kind !== "new") return;
    if (!isShow && isSameMark(this.#prepared, markOf(offered.show))) return;
    const before = this.#checking.get(subject);
    if (before !== undefined && compareShows(offered.show, before) <= 0) return;
    this.#checking.set(subject, offered.show);
    this.#ask(subject, offered.show);
  }

  /** The same comes by every path and at every look: it is proven once. */
  #judgeOnce(subject: string, value: Uint8Array, isShow: boolean): Offered {
    const last = this.#judged.get(subject);
    if (last !== undefined && isSameValue(last.value, value)) {
      const isKept = last.offered.kind === "new" && last.offered.show.hash === this.#keeper.newest?.hash;
      return isKept ? { kind: "same" } : last.offered;
    }
    const offered = this.#judge(value, isShow);
    this.#judged.set(subject, { value, offered });
    return offered;
  }

  #judge(value: Uint8Array, isShow: boolean): Offered {
    const offered = this.#keeper.judge(value);
    if (offered.kind !== "new" || (offered.show.document.activateMs !== null) === isShow) return offered;
    const why = isShow ? "is only to be prepared" : "is to count, where hosts only prepare";
    return { kind: "refused", fault: "mistaken", why, show: offered.show };
  }

  #refuse(
    path: Path,
    subject: string,
    value: Uint8Array,
    { fault, why, show }: Extract<Offered, { kind: "refused" }>,
  ) {
    // A path shows the same again and again: it counts once.
    const mark = show?.hash ?? quickHash(value);
    if (path.refused.get(subject) === mark) return;
    path.refused.set(subject, mark);
    // A document to be prepared is behind the one that counts as soon as that has come.
    if (fault === "older" && subject === subjects.prepare(this.#parts.name.event)) return;
    const { host } = this.#parts;
    host.count(fault);
    host.log(fault === "older" ? "info" : "warn", "show refused", { path: path.bus.name, fault, why });
    if (show !== undefined && fault !== "older") this.#sayRefused(show.document, why);
  }

  #ask(subject: string, show: SignedShow): void {
    this.#recheckAtMs.delete(subject);
    this.#parts.host.check(show.document, (problems) => this.#onChecked(subject, show, problems));
  }

  #onChecked(subject: string, show: SignedShow, problems: readonly string[] | undefined): void {
    if (this.#checking.get(subject) !== show) return; // a newer one has come
    if (problems === undefined) {
      this.#recheckAtMs.set(subject, this.#parts.clock.monotonicMs() + RECHECK_MS);
      return;
    }
    this.#checking.delete(subject);
    if (problems.length > 0) {
      const why = problems.join("; ");
      this.#parts.host.count("mistaken");
      this.#parts.host.log("error", "show refused", { version: versionText(show.document), why });
      return this.#sayRefused(show.document, why);
    }
    this.#change();
    if (subject === subjects.prepare(this.#parts.name.event)) {
      this.#prepared = markOf(show);
    } else if (this.#keeper.judge(show.bytes).kind === "new") {
      this.#keeper.keep(show, this.#parts.clock.wallMs());
    }
  }

  #sayRefused({ epoch, number }: ShowDocument, why: string): void {
    this.#refused = { epoch, number, why: why.slice(0, 2_000) };
    this.#change();
  }

  #change(): void {
    this.#isChanged = true;
    this.#parts.host.wake();
  }

  /**
   * A path that has lost what the host has, or never got it, is given it: by the one host whose chance comes first, since
   * all others see it then.
   */
  #mend(path: Path, nowMs: number): void {
    const { newest } = this.#keeper;
    const isMissing = newest !== undefined && path.holds !== undefined && path.holds !== newest.hash;
    if (!isMissing || !path.wasConnected) {
      path.mendAtMs = Infinity;
    } else if (path.mendAtMs === Infinity) {
      path.mendAtMs = nowMs + MEND_MS + this.#parts.random.float() * (MAX_MEND_MS - MEND_MS);
    } else if (nowMs >= path.mendAtMs) {
      path.mendAtMs = Infinity;
      path.bus.offer(subjects.show(this.#parts.name.event), newest.bytes);
    }
  }

  #look(nowMs: number): void {
    this.#nextLookMs = nowMs + LOOK_MS;
    for (const path of this.#paths) {
      const { isConnected, trouble } = path.bus.state;
      if (isConnected !== path.wasConnected) {
        this.#isChanged = true;
        path.wasConnected = isConnected;
        this.#parts.host.log(isConnected ? "info" : "warn", isConnected ? "show path up" : "show path down", {
          path: path.bus.name,
          reason: trouble,
        });
        if (!isConnected) this.#parts.host.count("pathFailure");
      }
      this.#mend(path, nowMs);
    }
    const isHolding = this.#clockCheck.isOff(nowMs);
    if (isHolding === this.#isHolding) return;
    this.#isHolding = isHolding;
    this.#isChanged = true;
    this.#parts.host.hold(isHolding, this.#clockCheck.reading(nowMs));
  }

  #tell(nowMs: number, wallMs: number): void {
    this.#isChanged = false;
    // Not all hosts in the same moment.
    this.#nextTellMs = nowMs + TELL_MS * (0.75 + 0.5 * this.#parts.random.float());
    const { name: { event, ...name } } = this.#parts;
    const wantsClock = nowMs >= this.#nextClockMs;
    const words = encodeWords({ ...name, ...this.state(), wallMs, said: ++this.#said, wantsClock });
    for (const path of this.#paths) {
      if (wantsClock) path.asked = { sentMs: nowMs, wallMs };
      path.bus.tell(subjects.hosts(event), name.host, words);
    }
  }

  /** What it says of itself, besides its name. */
  state() {
    const { newest, active } = this.#keeper;
    return {
      startedMs: this.#startedMs,
      prepared: this.#prepared,
      newest: newest === undefined ? null : markOf(newest),
      active: active === undefined ? null : markOf(active),
      refused: this.#refused,
      clock: this.#clockCheck.reading(this.#parts.clock.monotonicMs()) ?? null,
      isHolding: this.#isHolding,
      paths: this.#paths.map(({ bus }) => ({ name: bus.name, isConnected: bus.state.isConnected })),
    };
  }

  #onClock(path: Path, bytes: Uint8Array): void {
    const { name, trusted, clock } = this.#parts;
    const end = bytes.lastIndexOf(0x0a);
    const words = decodeWords(clockWords, bytes.subarray(0, Math.max(0, end)));
    const [key = "", signature = ""] = new TextDecoder().decode(bytes.subarray(end + 1)).split(" ");
    const known = trusted.get(key);
    if (
      words === undefined || known === undefined || words.event !== name.event || words.host !== name.host
    ) return;
    if (!isSignedFor(known, CLOCK_PURPOSE, bytes.subarray(0, end), decoded(signature))) {
      return this.#parts.host.count("forged");
    }
    // Only an answer to the question that is open on this path says how long it took.
    if (path.asked?.wallMs !== words.hostMs) return;
    this.#clockCheck.add(path.asked.sentMs, clock.monotonicMs(), words.hostMs, words.consoleMs);
    path.asked = undefined;
    this.#nextClockMs = clock.monotonicMs() + CLOCK_MS;
  }

  #noteStep(offsetMs: number): void {
    if (Math.abs(offsetMs - this.#lastOffsetMs) > STEP_MS) {
      this.#clockCheck.forget();
      for (const path of this.#paths) path.asked = undefined;
      this.#nextClockMs = 0;
      this.#isChanged = true;
    }
    this.#lastOffsetMs = offsetMs;
  }
}

function decoded(base64: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(base64);
  } catch {
    return new Uint8Array();
  }
}

/** Tells apart what can't be read, well enough to count each once. */
function quickHash(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return `${bytes.length} ${hash >>> 0}`;
}
