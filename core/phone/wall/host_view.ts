/** What the wall and the host's page are told, and what they may order. Only who has the host's secret is. */
import type { PartyNews } from "../page/party_news.ts";

/** A guest as the wall shows them. */
export interface ShownGuest {
  readonly user: number;
  readonly name: string;
  readonly isOnline: boolean;
  /** Shakes since the party was started; it says who shakes just now. */
  readonly shakes: number;
  readonly packets: number;
  readonly wonFen: number;
  readonly devices: number;
}

/** A packet that was opened. */
export interface ShownWin {
  readonly packetId: number;
  readonly name: string;
  readonly amountFen: number;
  readonly wave: number;
  readonly sponsor: string;
  readonly openedMs: number;
}

export interface HostView {
  readonly news: PartyNews;
  /** Where guests come in, the code included; and the same as a QR code, an SVG. */
  readonly joinUrl: string;
  readonly qrSvg: string;
  readonly code: string;
  readonly guests: readonly ShownGuest[];
  /** The newest first. */
  readonly latest: readonly ShownWin[];
  readonly opened: number;
  readonly openedFen: number;
  readonly budgetFen: number;
  readonly packets: number;
  /** What is wrong just now, in words for the host; empty if nothing is. */
  readonly trouble: string;
}

/** What the host can order. */
export const HOST_ORDERS = ["start", "pause", "resume", "stop", "end"] as const;
export type HostOrder = typeof HOST_ORDERS[number];

/** How long guests may open what they have won after the host has ended the evening, in seconds. */
export const CLOSING_S = 30;
