/** What the host of a party tells every phone and the wall: public, the same for all, and small. */
import type { Cue } from "../library/mod.ts";

/** Of the pages and of what they are sent; a page of another version loads itself anew. */
export const NEWS_VERSION = 1;

/**
 * `lobby`: the first wave is still to come. `countdown`: a wave begins at `startMs`. `wave`: it plays until `endMs`.
 * `paused`: it stands still. `rest`: the next is still to come, or there is none. `closing`: what was won can be opened
 * until `endMs`. `ended`: the money is counted.
 */
export type Phase = "lobby" | "countdown" | "wave" | "paused" | "rest" | "closing" | "ended";

/** From so long before its beginning on a wave has a countdown. */
export const COUNTDOWN_MS = 60_000;

export interface PartyNews {
  readonly version: number;
  /** Which party this is: tokens and what a phone remembers belong to one. */
  readonly party: string;
  readonly name: string;
  readonly sponsors: readonly string[];
  /** The SHA-256 of the list of what phones may show; empty for none. */
  readonly resources: string;
  /** Whether guests are on a list, and show the code of their own invitation if they have one. */
  readonly hasList: boolean;
  /** The host's clock when this was written. */
  readonly hostMs: number;
  readonly phase: Phase;
  /** The wave that plays or comes next, from 1 on; beyond `waves` if none comes. */
  readonly wave: number;
  readonly waves: number;
  /** When that wave begins or began; null until the host says. */
  readonly startMs: number | null;
  /** When the wave ends, or `closing`; null if that isn't known. */
  readonly endMs: number | null;
  readonly guests: number;
  readonly online: number;
  /** Packets and money that nobody has won yet, of the waves to come too. */
  readonly packetsLeft: number;
  readonly leftFen: number;
  readonly packetsWon: number;
  readonly wonFen: number;
  /** Most packets of one guest. */
  readonly perGuest: number;
}

/** The phase at a time of the host's clock: a countdown ends and a wave is over without being told. */
export function phaseAt({ phase, startMs, endMs }: PartyNews, hostMs: number): Phase {
  const begun = phase === "countdown" && startMs !== null && hostMs >= startMs ? "wave" : phase;
  return begun === "wave" && endMs !== null && hostMs >= endMs ? "rest" : begun;
}

/**
 * The same for a phone that has a cue: when to shake is the cue's word, which the server that decides has said itself.
 *
 * @param serverMs the time of the server's clock
 */
export function cuedPhaseAt({ phase }: PartyNews, cue: Cue, serverMs: number): Phase {
  if (phase === "closing" || phase === "ended") return phase;
  const isIdle = phase === "lobby" || phase === "rest";
  if (cue.state !== "planned") return isIdle ? phase : "paused";
  if (serverMs >= cue.startMs + cue.lengthMs) return "rest";
  if (serverMs >= cue.startMs) return "wave";
  if (cue.startMs - serverMs <= COUNTDOWN_MS) return "countdown";
  return isIdle ? phase : cue.wave <= 1 ? "lobby" : "rest";
}

/** A packet that a guest has won, as the ledger says. */
export interface WonPacket {
  readonly packetId: number;
  readonly amountFen: number;
  /** The number of the wave, from 1 on. */
  readonly wave: number;
  readonly sponsor: string;
  /** The number of the sponsor's page. */
  readonly resource: number;
  readonly isOpen: boolean;
  /** When it was won, by the host's clock. */
  readonly wonMs: number;
}
