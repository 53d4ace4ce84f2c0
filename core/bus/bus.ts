/**
 * How those who direct a show and those who play it hear of each other. A bus is a convenience and never the truth: what
 * it carries is signed and complete, so it may lose, repeat, delay and forget, and nothing wrong comes of it.
 *
 * Two kinds of things travel. A **value** lies under a subject, and the newest one counts: everybody who watches gets it,
 * at once or when they come. A **message** is from somebody, about a subject: who listens hears the latest of each sender,
 * older ones may be left out. All of it is bounded, and nothing here ever waits for anybody.
 */
export interface Bus {
  /** As it was given, without secrets: for people. */
  readonly name: string;
  readonly state: BusState;
  /** Wants this value kept. It tries for as long as it is open, unless the bus has a newer one. Replaces an older wish. */
  offer(subject: string, value: Uint8Array): void;
  /** Calls with the value that the bus holds, again whenever it may have changed; undefined: it holds none. */
  watch(subject: string, onValue: (value: Uint8Array | undefined) => void): void;
  /** @param from letters, digits, `-` and `_` */
  tell(subject: string, from: string, message: Uint8Array): void;
  hear(subject: string, onMessage: (from: string, message: Uint8Array) => void): void;
  close(): Promise<void>;
}

export interface BusState {
  readonly isConnected: boolean;
  /** Why it doesn't work; undefined while it does. */
  readonly trouble: string | undefined;
  /** Messages that were left out, since the bus didn't take them. */
  readonly dropped: number;
}

/** What a bus must be told about values: it looks into none. */
export interface ValueOrder {
  /** Whether a value is newer than another one. One that is no proper value is older than any. */
  isNewer(value: Uint8Array, than: Uint8Array): boolean;
}

const SUBJECT = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/;
const SENDER = /^[\w-]{1,64}$/;

/** Whether a text can be a sender's name on every bus. */
export function isSender(from: string): boolean {
  return SENDER.test(from);
}

/** Whether a text can be a subject on every bus, such as `gala.show`. */
export function isSubject(subject: string): boolean {
  return SUBJECT.test(subject);
}

/** Whether two values are the same bytes. */
export function isSameValue(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || (a.length === b.length && a.every((byte, i) => byte === b[i]));
}
