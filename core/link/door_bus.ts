import type { Bus, BusState } from "../bus/bus.ts";
import { EXCHANGE_VERSION, type ExchangeAnswer, type ExchangeBody } from "../bus/exchange.ts";

/** A host's end of the third path: what consoles push to its admin API, and what it has to say to whoever asks there. */
export class DoorBus implements Bus {
  readonly name = "admin API";
  /** It has no connection that could be lost. */
  readonly state: BusState = { isConnected: true, trouble: undefined, dropped: 0 };
  readonly #held = new Map<string, Uint8Array>();
  readonly #told = new Map<string, { subject: string; from: string; text: string }>();
  readonly #watchers = new Map<string, (value: Uint8Array | undefined) => void>();
  readonly #hearers = new Map<string, (from: string, message: Uint8Array) => void>();

  offer(subject: string, value: Uint8Array): void {
    this.#held.set(subject, value);
  }

  watch(subject: string, onValue: (value: Uint8Array | undefined) => void): void {
    this.#watchers.set(subject, onValue);
  }

  tell(subject: string, from: string, message: Uint8Array): void {
    this.#told.set(subject, { subject, from, text: new TextDecoder().decode(message) });
  }

  hear(subject: string, onMessage: (from: string, message: Uint8Array) => void): void {
    this.#hearers.set(subject, onMessage);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Takes in what a console has sent. Subjects that nobody here knows are left out. */
  take({ values, messages }: ExchangeBody): void {
    for (const { subject, text } of values) this.#watchers.get(subject)?.(new TextEncoder().encode(text));
    for (const { subject, from, text } of messages) {
      this.#hearers.get(subject)?.(from, new TextEncoder().encode(text));
    }
  }

  /** @param newest the document that the host has, which a console may not know */
  answer(subject: string, newest: Uint8Array | undefined): ExchangeAnswer {
    const held = newest ?? this.#held.get(subject);
    return {
      schemaVersion: EXCHANGE_VERSION,
      values: held === undefined ? [] : [{ subject, text: new TextDecoder().decode(held) }],
      messages: [...this.#told.values()],
    };
  }
}
