import { every } from "../base/clock.ts";
import type { Bus, BusState } from "./bus.ts";
import { EXCHANGE_VERSION, type ExchangeAnswer, exchangeAnswer } from "./exchange.ts";

/** How often each host is asked, and how long it may take to answer. */
const ASK_MS = 1_000;
const ANSWER_MS = 3_000;
const MAX_MESSAGES = 100;

/** Where hosts take what is pushed; see `EXCHANGE_PATH` of the server. */
export const EXCHANGE_PATH = "/show/exchange";

/**
 * The third path: a console pushes to the admin API of each host, without any server between them. Only consoles have
 * one; a host takes what comes in at its door.
 */
export class AdminBus implements Bus {
  readonly name: string;
  readonly #targets: readonly string[];
  readonly #token: string | undefined;
  readonly #wanted = new Map<string, Uint8Array>();
  readonly #watchers = new Map<string, (value: Uint8Array | undefined) => void>();
  readonly #hearers = new Map<string, (from: string, message: Uint8Array) => void>();
  /** By subject and sender: what every host is told once more. */
  readonly #telling: {
    readonly subject: string;
    readonly from: string;
    readonly text: string;
    left: Set<string>;
  }[] = [];
  readonly #asking = new Set<string>();
  /** By target: why it doesn't answer. */
  readonly #troubles = new Map<string, string>();
  /** By target and subject: what it was sent last. */
  readonly #sent = new Map<string, Uint8Array>();
  readonly #cancel: () => void;
  #dropped = 0;
  #isClosed = false;

  /** @param targets `host:port` of admin APIs */
  constructor(targets: readonly string[], token: string | undefined) {
    this.name = `http://${targets.join(",")}`;
    this.#targets = targets;
    this.#token = token;
    for (const target of targets) this.#troubles.set(target, "not asked yet");
    this.#cancel = every(ASK_MS, () => this.#askAll());
  }

  get state(): BusState {
    const silent = [...this.#troubles];
    const trouble = silent.length === 0
      ? undefined
      : silent.slice(0, 3).map(([target, why]) => `${target}: ${why}`).join("; ");
    return { isConnected: silent.length < this.#targets.length, trouble, dropped: this.#dropped };
  }

  offer(subject: string, value: Uint8Array): void {
    this.#wanted.set(subject, value);
    this.#askAll();
  }

  watch(subject: string, onValue: (value: Uint8Array | undefined) => void): void {
    this.#watchers.set(subject, onValue);
    this.#askAll();
  }

  tell(subject: string, from: string, message: Uint8Array): void {
    const text = new TextDecoder().decode(message);
    this.#telling.push({ subject, from, text, left: new Set(this.#targets) });
    if (this.#telling.length > MAX_MESSAGES) {
      this.#telling.shift();
      this.#dropped++;
    }
  }

  hear(subject: string, onMessage: (from: string, message: Uint8Array) => void): void {
    this.#hearers.set(subject, onMessage);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    return Promise.resolve();
  }

  #askAll(): void {
    for (const target of this.#targets) void this.#ask(target);
  }

  async #ask(target: string): Promise<void> {
    if (this.#asking.has(target) || this.#isClosed) return;
    this.#asking.add(target);
    try {
      const mine = this.#telling.filter(({ left }) => left.delete(target));
      const wanted = new Map(this.#wanted);
      this.#take(
        await this.#exchange(target, {
          schemaVersion: EXCHANGE_VERSION,
          values: [...wanted].map(([subject, value]) => ({ subject, text: new TextDecoder().decode(value) })),
          messages: mine.map(({ subject, from, text }) => ({ subject, from, text })),
        }),
      );
      this.#troubles.delete(target);
    } catch (error) {
      this.#troubles.set(target, error instanceof Error ? error.message : String(error));
    } finally {
      this.#asking.delete(target);
    }
    // What was wanted while this was under way must not wait for the next round.
    const isLate = [...this.#wanted].some(([subject, value]) =>
      this.#sent.get(`${target} ${subject}`) !== value
    );
    if (isLate && !this.#troubles.has(target)) void this.#ask(target);
  }

  async #exchange(target: string, body: unknown): Promise<ExchangeAnswer> {
    for (const [subject, value] of this.#wanted) this.#sent.set(`${target} ${subject}`, value);
    const response = await fetch(`http://${target}${EXCHANGE_PATH}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`answers ${response.status}: ${text.slice(0, 200)}`);
    return exchangeAnswer.parse(JSON.parse(text));
  }

  #take({ values, messages }: ExchangeAnswer): void {
    if (this.#isClosed) return;
    for (const [subject, onValue] of this.#watchers) {
      const held = values.find((value) => value.subject === subject);
      onValue(held === undefined ? undefined : new TextEncoder().encode(held.text));
    }
    for (const { subject, from, text } of messages) {
      this.#hearers.get(subject)?.(from, new TextEncoder().encode(text));
    }
  }
}
