/** The state of a guest's page: what happened comes in, what to show and what to do comes out. No clock, no DOM. */
import type { Cue } from "../library/mod.ts";
import { cuedPhaseAt, type PartyNews, type Phase, phaseAt } from "./party_news.ts";

/** The least time between two shakes of a guest: a thumb on the button asks no more often than a hand. */
export const SHAKE_REST_MS = 500;
/** How long what a shake came to is shown, unless another follows; who is greeted reads something. */
const ANSWER_MS = 1_600;
const GREETING_MS = 4_000;

/** `connecting` at first; `waiting` between two tries; `refused`: this device may not come in as it is. */
export type Link = "connecting" | "online" | "waiting" | "refused";

/** A packet on this phone: `opening` while the host is asked, `open` once the ledger says so, `late` if it went back. */
export interface Packet {
  readonly packetId: number;
  readonly amountFen: number;
  readonly seal: "sealed" | "opening" | "open" | "late";
}

/** What the last shake came to. */
export type ShakeAnswer = "nothing" | "allGone" | "busy" | "notNow" | "unknown" | "greeting";

export interface PageState {
  readonly guestName: string | undefined;
  readonly link: Link;
  readonly news: PartyNews | undefined;
  /** The host's clock less this phone's. */
  readonly offsetMs: number;
  /** When to shake, as the server says it; undefined until it has, and without a connection: then the news say it. */
  readonly cue: Cue | undefined;
  /** The server's clock less this phone's. */
  readonly cueOffsetMs: number;
  /** Packets that this page has been told of, the oldest first. */
  readonly packets: readonly Packet[];
  /** The packet that lies over everything else; 0 for none. */
  readonly shownPacket: number;
  readonly isAsking: boolean;
  readonly lastShakeMs: number;
  readonly shakes: number;
  readonly answer: ShakeAnswer | undefined;
  readonly answerMs: number;
  /** Number of the sponsor who greets, from 1 on; 0 for none. */
  readonly sponsor: number;
  /** What they show for it, by its number; 0 for nothing. */
  readonly resource: number;
}

export const FIRST_STATE: PageState = {
  guestName: undefined,
  link: "connecting",
  news: undefined,
  offsetMs: 0,
  cue: undefined,
  cueOffsetMs: 0,
  packets: [],
  shownPacket: 0,
  isAsking: false,
  lastShakeMs: -Infinity,
  shakes: 0,
  answer: undefined,
  answerMs: -Infinity,
  sponsor: 0,
  resource: 0,
};

export type PageEvent =
  | { readonly kind: "joined"; readonly name: string }
  | { readonly kind: "left" }
  | { readonly kind: "link"; readonly link: Link }
  | { readonly kind: "news"; readonly news: PartyNews }
  | { readonly kind: "cue"; readonly cue: Cue; readonly offsetMs: number }
  | { readonly kind: "shake" }
  | {
    readonly kind: "answer";
    readonly answer: ShakeAnswer;
    readonly sponsor?: number;
    readonly resource?: number;
  }
  | { readonly kind: "won"; readonly packetId: number; readonly amountFen: number }
  | { readonly kind: "open" }
  | { readonly kind: "opened"; readonly packetId: number; readonly amountFen: number }
  | { readonly kind: "openFailed"; readonly packetId: number; readonly isLate: boolean }
  | { readonly kind: "next" };

/** What the page is to do besides showing its state. */
export type Effect =
  | { readonly kind: "askShake" }
  | { readonly kind: "askOpen"; readonly packetId: number }
  | { readonly kind: "feel"; readonly what: "shake" | "nothing" | "won" | "opened" };

export type Screen =
  | "door"
  | "waiting"
  | "lobby"
  | "countdown"
  | "shake"
  | "paused"
  | "rest"
  | "closing"
  | "ended";

const SCREENS: Readonly<Record<Phase, Screen>> = {
  lobby: "lobby",
  countdown: "countdown",
  wave: "shake",
  paused: "paused",
  rest: "rest",
  closing: "closing",
  ended: "ended",
};

/** Which screen there is at a time of this phone's clock. */
export function screenAt(state: PageState, nowMs: number): Screen {
  const { guestName, news, offsetMs, cue, cueOffsetMs } = state;
  if (guestName === undefined) return "door";
  if (news === undefined) return "waiting";
  return SCREENS[
    cue === undefined ? phaseAt(news, nowMs + offsetMs) : cuedPhaseAt(news, cue, nowMs + cueOffsetMs)
  ];
}

/** The wave that is on or comes next, and when it begins and ends by this phone's clock; null if that isn't known. */
export function waveOf(
  { news, offsetMs, cue, cueOffsetMs }: PageState,
): { readonly wave: number; readonly startMs: number | null; readonly endMs: number | null } {
  if (cue?.state === "planned") {
    const startMs = cue.startMs - cueOffsetMs;
    return { wave: cue.wave, startMs, endMs: startMs + cue.lengthMs };
  }
  const own = (hostMs: number | null | undefined) => hostMs == null ? null : hostMs - offsetMs;
  return { wave: news?.wave ?? 1, startMs: own(news?.startMs), endMs: own(news?.endMs) };
}

/** Whether a shake asks for something now. */
export function mayShake(state: PageState, nowMs: number): boolean {
  return screenAt(state, nowMs) === "shake" && state.link === "online" && state.shownPacket === 0 &&
    !state.isAsking && nowMs - state.lastShakeMs >= SHAKE_REST_MS;
}

/** What an event makes of the state, and what is to be done; `nowMs` is the phone's own wall clock. */
export function step(
  state: PageState,
  event: PageEvent,
  nowMs: number,
): readonly [PageState, readonly Effect[]] {
  switch (event.kind) {
    case "joined":
      return [{ ...state, guestName: event.name }, []];
    case "left":
      return [{ ...FIRST_STATE, news: state.news, offsetMs: state.offsetMs }, []];
    case "link":
      // What was asked on a connection that is gone is told by the next one, if it came to something.
      return [{
        ...state,
        link: event.link,
        isAsking: state.isAsking && event.link === "online",
        // It was good for its connection, and the next begins with another.
        cue: undefined,
      }, []];
    case "news":
      return [{ ...state, news: event.news, offsetMs: event.news.hostMs - nowMs }, []];
    case "cue":
      return [{ ...state, cue: event.cue, cueOffsetMs: event.offsetMs }, []];
    case "shake": {
      if (!mayShake(state, nowMs)) return [state, []];
      const shaken = {
        ...state,
        isAsking: true,
        lastShakeMs: nowMs,
        shakes: state.shakes + 1,
        answer: undefined,
      };
      return [shaken, [{ kind: "askShake" }, { kind: "feel", what: "shake" }]];
    }
    case "answer":
      return [
        {
          ...state,
          isAsking: false,
          answer: event.answer,
          answerMs: nowMs,
          sponsor: event.sponsor ?? 0,
          resource: event.resource ?? 0,
        },
        event.answer === "nothing" ? [{ kind: "feel", what: "nothing" }] : [],
      ];
    case "won":
      return won(state, event);
    case "open": {
      const packet = shownPacket(state);
      if (packet?.seal !== "sealed") return [state, []];
      return [sealed(state, packet.packetId, "opening"), [{ kind: "askOpen", packetId: packet.packetId }]];
    }
    case "opened": {
      const before = state.packets.find(({ packetId }) => packetId === event.packetId);
      const opened = sealed(state, event.packetId, "open", event.amountFen);
      return [opened, before?.seal === "open" ? [] : [{ kind: "feel", what: "opened" }]];
    }
    case "openFailed":
      return [sealed(state, event.packetId, event.isLate ? "late" : "sealed"), []];
    case "next": {
      const waiting = state.packets.find(({ packetId, seal }) =>
        seal === "sealed" && packetId !== state.shownPacket
      );
      return [{ ...state, shownPacket: waiting?.packetId ?? 0 }, []];
    }
  }
}

/** What the last shake came to, while it is to be seen. */
export function shownAnswer({ answer, answerMs }: PageState, nowMs: number): ShakeAnswer | undefined {
  return nowMs - answerMs < (answer === "greeting" ? GREETING_MS : ANSWER_MS) ? answer : undefined;
}

/** The packet that lies over everything else. */
export function shownPacket({ packets, shownPacket }: PageState): Packet | undefined {
  return packets.find(({ packetId }) => packetId === shownPacket);
}

/** A packet is told once, however often the host says it. */
function won(
  state: PageState,
  { packetId, amountFen }: { readonly packetId: number; readonly amountFen: number },
): readonly [PageState, readonly Effect[]] {
  const answered = { ...state, isAsking: false, answer: undefined };
  if (state.packets.some((packet) => packet.packetId === packetId)) return [answered, []];
  const packets = [...state.packets, { packetId, amountFen, seal: "sealed" as const }];
  const shown = state.shownPacket === 0 ? packetId : state.shownPacket;
  return [{ ...answered, packets, shownPacket: shown }, [{ kind: "feel", what: "won" }]];
}

function sealed(state: PageState, packetId: number, seal: Packet["seal"], amountFen?: number): PageState {
  const packets = state.packets.map((packet) =>
    packet.packetId === packetId ? { ...packet, seal, amountFen: amountFen ?? packet.amountFen } : packet
  );
  return { ...state, packets };
}
