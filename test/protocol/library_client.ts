/** The client library as the conformance kit sees it: a phone over a transport that the kit plays. */
import {
  Phone,
  type SendModeName,
  type SendOrder,
  type ShakeOutcome,
  type WireEvents,
} from "../../core/phone/library/mod.ts";
import { Random } from "../../core/base/random.ts";
import { bytesOf, type ClientUnderTest, type Heard, type KitOptions } from "./client_conformance.ts";

const UNIX_MS = 1_424_268_000_000;
const MODES: readonly SendModeName[] = ["equal", "random"];
const CUES = ["none", "planned", "held"];
const RESULTS: Readonly<Record<string, number>> = { ok: 0, nothing: 1, allGone: 2, greeting: 6 };
/** The number before the one that the document's chat has: the library counts from what it draws. */
const DRAWN = 9;
/** Promises that follow one another between a frame and what is heard of it. */
const FOLLOW_UPS = 40;

/** How the library differs from a client that only writes and reads frames. */
export const LIBRARY: Omit<KitOptions, "examples"> = {
  make: () => new LibraryClient(),
  skips: {
    move: "the library goes elsewhere by itself",
    policy: "the library keeps to it by itself",
    ping: "the library sends pings by itself",
    pong: "no user hears of it",
    pass: "the library keeps it by itself",
    carry: "the library shows its passes behind a login by itself",
    delivered: "the library sends it by itself",
  },
  untold: {
    cue: ["epoch", "number"],
    resources: ["epoch", "number"],
    shakeResult: ["requestId", "retryMs"],
    openResult: ["retryMs"],
    sendResult: ["requestId", "retryMs"],
    claimResult: ["retryMs"],
    detailResult: ["count"],
    balanceResult: ["retryMs", "result"],
    chatResult: ["requestId"],
  },
  unknownFrames: "leaves out",
};

type Values = Readonly<Record<string, unknown>>;

/** Draws the same number every time. */
class FixedRandom extends Random {
  override uint32(): number {
    return DRAWN;
  }
}

/** A phone that is told what to do by the names of frames. */
export class LibraryClient implements ClientUnderTest {
  #phone: Phone | undefined;
  #events: WireEvents | undefined;
  #sent: string[] = [];
  #heard: Heard[] = [];
  #timers: (() => void)[] = [];
  #shakes = 0;

  async begin(login: Values): Promise<void> {
    if (this.#phone === undefined) await this.#start(login);
    else this.#timers.at(-1)!(); // its next attempt is due
    await settled();
    this.#events!.opened();
  }

  act(name: string, values: Values): void {
    const phone = this.#phone!;
    const packetId = values.packetId as number;
    if (name === "shake") return this.#shake(values.requestId as number);
    if (name === "open") void phone.open(packetId).then(this.#hearer("openResult", { packetId }));
    if (name === "claim") void phone.claim(packetId).then(this.#hearer("claimResult", { packetId }));
    if (name === "balance") {
      void phone.balance().then((balanceFen) => this.#hear("balanceResult", { balanceFen }));
    }
    if (name === "chat") {
      void phone.chat(values.group as number, values.text as string).then(this.#hearer("chatResult", {}));
    }
    if (name === "detail") {
      void phone.detail(packetId, values.from as number).then(({ claims, ...detail }) =>
        this.#hearer("detailResult", { packetId })({
          ...detail,
          claims: claims.flatMap(({ user, amountFen }) => [user, amountFen]),
        })
      );
    }
    if (name !== "send") return;
    const { mode, ...order } = values as unknown as { mode: number } & Omit<SendOrder, "mode">;
    void phone.send({ ...order, mode: MODES[mode] }).then(this.#hearer("sendResult", {}));
  }

  receive(bytes: Uint8Array<ArrayBuffer>): void {
    this.#events?.received(bytes);
  }

  lose(): void {
    this.#events!.closed(0);
  }

  async sent(): Promise<string[]> {
    await settled();
    return this.#sent.splice(0);
  }

  async heard(): Promise<Heard[]> {
    await settled();
    return this.#heard.splice(0);
  }

  isOpen(): boolean {
    return this.#phone!.state.is === "ready";
  }

  async #start({ user, keyId, expiresMs, mac }: Values): Promise<void> {
    const token = new Uint8Array(44);
    const view = new DataView(token.buffer);
    view.setUint32(0, keyId as number);
    view.setBigUint64(4, BigInt(expiresMs as number));
    token.set(bytesOf(mac as string), 12);
    const phone = new Phone({
      to: "anywhere",
      user: user as number,
      token,
      transport: (_address, events) => {
        this.#events = events;
        return { send: (bytes) => void this.#sent.push(hexOf(bytes)), close: () => {} };
      },
      random: new FixedRandom(1),
      clock: {
        monotonicMs: () => 0,
        wallMs: () => UNIX_MS,
        after: (_ms, call) => {
          this.#timers.push(call);
          return () => void (this.#timers = this.#timers.filter((timer) => timer !== call));
        },
      },
    });
    phone.on(
      "notice",
      ({ mode, ...notice }) => this.#hear("notice", { ...notice, mode: MODES.indexOf(mode) }),
    );
    phone.on("cue", ({ state, ...cue }) => this.#hear("cue", { ...cue, state: CUES.indexOf(state) }));
    phone.on("resources", (resources) => this.#hear("resources", { ...resources }));
    phone.on("expired", (event) => this.#hear("expired", { ...event }));
    phone.on("chat", (event) => this.#hear("chatMessage", { ...event }));
    this.#phone = phone;
    await phone.connect();
  }

  /** The library counts its shakes: those before the wanted one are not what was asked for. */
  #shake(requestId: number): void {
    const before = this.#sent.length;
    while (this.#shakes < requestId) {
      const isWanted = ++this.#shakes === requestId;
      void this.#phone!.shake().then((outcome) =>
        isWanted && this.#hear("shakeResult", shakeValues(outcome))
      );
    }
    this.#sent.splice(before, this.#sent.length - before - 1);
  }

  #hearer(name: string, more: Values): (outcome: object) => void {
    return (outcome) => this.#hear(name, { ...more, ...numbered(outcome as Values) });
  }

  #hear(name: string, values: Values): void {
    this.#heard.push({ name, values });
  }
}

function numbered(outcome: Values): Values {
  return { ...outcome, result: RESULTS[outcome.result as string] };
}

function shakeValues(outcome: ShakeOutcome): Values {
  const result = RESULTS[outcome.result];
  if (outcome.result === "ok") {
    const { packetId, amountFen, sponsor, resource } = outcome.packet;
    return { result, packetId, amountFen, sponsor, resource };
  }
  const shown = outcome.result === "greeting" ? { sponsor: outcome.sponsor, resource: outcome.resource } : {};
  return { result, packetId: 0, amountFen: 0, ...shown };
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function settled(): Promise<void> {
  for (let i = 0; i < FOLLOW_UPS; i++) await Promise.resolve();
}
