/// <reference lib="dom" />
/** Between the library's phone and the page: what it hears become events, what the page wants becomes requests. */
import { systemClock } from "../../base/clock.ts";
import { Phone, type PhoneState, type PhoneStorage, type ShakeOutcome, webSocket } from "../library/mod.ts";
import { anyWire } from "./any_wire.ts";
import { httpWire } from "./http_wire.ts";
import type { Link, PageEvent } from "./page_state.ts";
import type { Guest } from "./guest.ts";

const LINKS: Readonly<Record<PhoneState["is"], Link>> = {
  idle: "connecting",
  connecting: "connecting",
  ready: "online",
  waiting: "waiting",
  refused: "refused",
  closed: "refused",
};

/** A guest's connection to the party. */
export class Connection {
  readonly #phone: Phone;
  readonly #tell: (event: PageEvent) => void;

  constructor(guest: Guest, storage: PhoneStorage | undefined, tell: (event: PageEvent) => void) {
    this.#tell = tell;
    this.#phone = new Phone({
      to: `${location.origin.replace(/^http/, "ws")}/`,
      user: guest.user,
      token: guest.token,
      transport: anyWire([webSocket(), httpWire()]),
      storageKey: `redpkt/${guest.party}/${guest.user}`,
      // A wave lasts a minute: who was cut off is back soon.
      times: { quietMs: 10_000, pongMs: 3_000, backoff: { baseMs: 300, capMs: 4_000 } },
      ...(storage === undefined ? {} : { storage }),
    });
    this.#phone.on("packet", ({ packetId, amountFen }) => tell({ kind: "won", packetId, amountFen }));
    this.#phone.on("cue", (cue) => {
      tell({ kind: "cue", cue, offsetMs: this.#phone.serverMs - systemClock.wallMs() });
    });
    this.#phone.on("state", (state) => tell({ kind: "link", link: LINKS[state.is] }));
  }

  /** Connects, and tells what an earlier visit has won and not opened. */
  async start(): Promise<void> {
    await this.#phone.connect();
    for (const { packetId, amountFen, isOpen } of this.#phone.packets) {
      if (!isOpen) this.#tell({ kind: "won", packetId, amountFen });
    }
  }

  async shake(): Promise<void> {
    const outcome = await this.#phone.shake();
    if (outcome.result === "ok") {
      // Told by the event too, which may have come first or is about to come: once is enough for the page.
      const { packetId, amountFen } = outcome.packet;
      this.#tell({ kind: "won", packetId, amountFen });
    } else {
      const { sponsor = 0, resource = 0 } = outcome.result === "greeting" ? outcome : {};
      this.#tell({ kind: "answer", answer: ANSWERS[outcome.result], sponsor, resource });
    }
  }

  async open(packetId: number): Promise<void> {
    const { result, amountFen } = await this.#phone.open(packetId);
    if (result === "ok") this.#tell({ kind: "opened", packetId, amountFen });
    else this.#tell({ kind: "openFailed", packetId, isLate: true });
  }

  /** The phone may have slept, or changed its network. */
  wake(): void {
    this.#phone.wake();
  }

  close(): void {
    this.#phone.close();
  }
}

const ANSWERS = {
  nothing: "nothing",
  allGone: "allGone",
  later: "busy",
  notNow: "notNow",
  unknown: "unknown",
  offline: "unknown",
  greeting: "greeting",
} as const satisfies Readonly<Record<Exclude<ShakeOutcome["result"], "ok">, string>>;
