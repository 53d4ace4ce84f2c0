import type { Clock } from "../../base/clock.ts";
import { Result, SendMode } from "../../wire/codes.ts";
import type { ReadValues } from "../../wire/frame_codec.ts";
import { frames } from "../../wire/v1/frames.ts";
import type { Listeners } from "./events.ts";
import type { IncomingFrames } from "./incoming_frames.ts";
import { type ChatOutcome, resultName, type ShakeOutcome, shakeOutcome } from "./outcomes.ts";
import { frameBytes } from "./outgoing_frames.ts";
import type { Requests } from "./requests.ts";
import type { SaidOnce } from "./said_once.ts";
import type { ShowOrders } from "./show_orders.ts";
import type { Told } from "./told.ts";

export interface ServerFramesParts {
  readonly incoming: IncomingFrames;
  readonly told: Told;
  readonly shakes: SaidOnce<ShakeOutcome>;
  readonly requests: Requests;
  readonly chats: SaidOnce<ChatOutcome>;
  readonly listeners: Listeners;
  readonly show: ShowOrders;
  readonly clock: Clock;
  /** Sends a frame if there is a connection. */
  readonly send: (bytes: Uint8Array<ArrayBuffer>) => boolean;
}

type FrameOf<Name extends keyof typeof frames> = ReadValues<(typeof frames)[Name]["fields"]>;

/** What each frame of a server means to the user. */
export class ServerFrames {
  readonly #parts: ServerFramesParts;
  /** Notices that were told in this run: a server tells them again at each login. */
  readonly #noticed = new Set<number>();

  constructor(parts: ServerFramesParts) {
    this.#parts = parts;
    const { incoming, told, requests, chats, listeners, show } = parts;
    incoming
      .on(frames.shakeResult, (answer, serverMs) => void this.#shaken(answer, serverMs))
      .on(
        frames.pass,
        ({ keyId, mac, awards }) => told.addPass({ keyId, mac: [...mac], awards }),
      )
      .on(frames.openResult, (answer) => void this.#opened(answer))
      .on(frames.claimResult, (answer) => void this.#claimed(answer))
      .on(frames.sendResult, (answer) => requests.answered(`send ${answer.requestId}`, answer))
      .on(
        frames.detailResult,
        (answer) => requests.answered(`detail ${answer.packetId} ${answer.first}`, answer),
      )
      .on(frames.balanceResult, (answer) => requests.answered("balance", answer))
      .on(
        frames.chatResult,
        ({ requestId, result, retryMs }) =>
          chats.answered(requestId, { result: resultName(result), retryMs }),
      )
      .on(frames.notice, (notice) => this.#notice(notice))
      .on(frames.expired, (event) => listeners.tell("expired", event))
      .on(frames.chatMessage, (event) => listeners.tell("chat", event))
      .on(frames.cue, (cue) => show.heardCue(cue) && listeners.tell("cue", show.cue))
      .on(frames.policy, (policy) => show.heardPolicy(policy))
      .on(
        frames.resources,
        (said) => show.heardResources(said) && listeners.tell("resources", show.resources),
      );
  }

  async #shaken(answer: FrameOf<"shakeResult">, serverMs: number): Promise<void> {
    const { shakes, told, listeners } = this.#parts;
    const { requestId, result, packetId, amountFen, sponsor = 0, resource = 0 } = answer;
    if (result !== Result.ok) return shakes.answered(requestId, shakeOutcome(answer));
    const won = { packetId, amountFen, wonMs: serverMs, isOpen: false, sponsor, resource };
    const { isNew, isKept } = await told.addPacket(won);
    const packet = told.packet(packetId)!;
    if (isNew) listeners.tell("packet", packet);
    shakes.answered(requestId, { result: "ok", packet });
    // What isn't open yet is told again anyway; so the user never misses that it was opened.
    if (isKept && packet.isOpen) this.#confirm(packetId);
  }

  async #opened(answer: FrameOf<"openResult">): Promise<void> {
    const { packetId, result } = answer;
    if (result === Result.ok && await this.#parts.told.opened(packetId)) this.#confirm(packetId);
    this.#parts.requests.answered(`open ${packetId}`, answer);
  }

  async #claimed(answer: FrameOf<"claimResult">): Promise<void> {
    const { told, listeners, requests } = this.#parts;
    const { packetId, result, amountFen } = answer;
    if (result === Result.ok || result === Result.alreadyClaimed) {
      const { isNew, isKept } = await told.addShare({ packetId, amountFen });
      if (isNew) listeners.tell("share", { packetId, amountFen });
      if (isKept) this.#confirm(packetId);
    }
    requests.answered(`claim ${packetId}`, answer);
  }

  #notice({ mode, ...notice }: FrameOf<"notice">): void {
    if (this.#noticed.has(notice.packetId)) return;
    this.#noticed.add(notice.packetId);
    this.#parts.listeners.tell("notice", { ...notice, mode: mode === SendMode.equal ? "equal" : "random" });
  }

  /** The user has it: it needn't be told again. */
  #confirm(packetId: number): void {
    const { send, clock } = this.#parts;
    send(frameBytes(frames.delivered, Math.floor(clock.wallMs()), { packetId }));
  }
}
