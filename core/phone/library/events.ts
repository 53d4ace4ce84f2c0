import type { PhoneState } from "./link.ts";
import type { Notice, Packet, Share } from "./outcomes.ts";
import type { Resources } from "./resources.ts";
import type { Cue } from "./show_orders.ts";

/** What a phone tells its app, by name. */
export interface PhoneEvents {
  /** The connection is another than before. */
  state: PhoneState;
  /** The user has won a packet. Each is told once, over lost connections, and over restarts if there is a storage. */
  packet: Packet;
  /** The user has a share of a sent packet. Each is told once, as packets are. */
  share: Share;
  /** Somebody sent a packet to this user. Each is told once in a run, and again in the next while it can be claimed. */
  notice: Notice;
  /** What nobody claimed of a packet that this user sent is theirs again. */
  expired: { readonly packetId: number; readonly returnedFen: number };
  /** A text from another member of a group. */
  chat: { readonly group: number; readonly sender: number; readonly text: string };
  /** The show wants users to shake then, or not. The phone keeps to it by itself. */
  cue: Cue;
  /** The show says what to fetch in idle time, and where; undefined: nothing more. */
  resources: Resources | undefined;
  /** What the app has given fails: its storage, where its token comes from, an address. The phone goes on. */
  failed: unknown;
}

type Listener<T> = (event: T) => void;

/** Who listens to what. */
export class Listeners {
  readonly #byName = new Map<keyof PhoneEvents, Set<Listener<never>>>();

  /** Returns a function that ends it. */
  add<Name extends keyof PhoneEvents>(name: Name, listener: Listener<PhoneEvents[Name]>): () => void {
    const listeners = this.#byName.get(name) ?? new Set();
    this.#byName.set(name, listeners);
    listeners.add(listener as Listener<never>);
    return () => listeners.delete(listener as Listener<never>);
  }

  /** Tells everybody who listens. */
  tell<Name extends keyof PhoneEvents>(name: Name, event: PhoneEvents[Name]): void {
    for (const listener of [...this.#byName.get(name) ?? []]) {
      try {
        (listener as Listener<PhoneEvents[Name]>)(event);
      } catch (error) {
        // The app's mistake shows as one, and keeps no other listener and no frame from being heard.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
