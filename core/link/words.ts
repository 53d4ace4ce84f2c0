import { z } from "zod";
import type { ShowVersion } from "../show/document.ts";

/** Of what hosts and consoles tell each other; it grows when a field goes or changes its meaning. */
const WORDS_VERSION = 1;

/** Subjects of an event on every bus. */
export const subjects = {
  /** A value: the newest document that counts, or will. */
  show: (event: string) => `${event}.show`,
  /** A value: a document that hosts look at and acknowledge, and that never counts. */
  prepare: (event: string) => `${event}.prepare`,
  /** What each host says of itself, from time to time and at every change. */
  hosts: (event: string) => `${event}.host`,
  /** A console asks every host to say so at once. */
  ask: (event: string) => `${event}.ask`,
  /** A console's answer to the clock of one host. */
  clock: (event: string, host: string) => `${event}.clock.${host}`,
} as const;

const version = z.object({
  epoch: z.int().min(1),
  number: z.int().min(1),
  hash: z.string().max(64),
});

/** What a host says of itself: its acknowledgement, its presence and its clock in one. */
export const hostWords = z.object({
  schemaVersion: z.literal(WORDS_VERSION),
  host: z.string().max(64),
  city: z.string().max(64),
  cluster: z.string().max(64),
  /** Its wall clock, in unix ms: the time that a console's answer is about. */
  wallMs: z.number(),
  /** Another process of the same host says another one. */
  startedMs: z.number(),
  /** It wants to hear what the console's clock says. */
  wantsClock: z.boolean(),
  /** Counts what this process has said: by the slower path comes what was said before. */
  said: z.int(),
  /** The document that it could play, the one that it has on disk, and the one that counts there. */
  prepared: version.nullable(),
  newest: version.nullable(),
  active: version.nullable(),
  /** The newest one that it refuses, and why. */
  refused: z.object({ epoch: z.number(), number: z.number(), why: z.string().max(2_000) }).nullable(),
  /** By how much its clock is behind the consoles', and how far that may be wrong; null: it has heard of none. */
  clock: z.object({ behindMs: z.number(), errorMs: z.number() }).nullable(),
  /** It gives no packets, since its clock is off. */
  isHolding: z.boolean(),
  /** Its paths, and which of them work. */
  paths: z.array(z.object({ name: z.string().max(500), isConnected: z.boolean() })).max(16),
});

export type HostWords = z.infer<typeof hostWords>;
/** Which document: its version, and the begin of its hash. */
export type ShowMark = z.infer<typeof version>;

/** A console's answer to a host's clock; its bytes are signed, so that nobody on the way can hold a host. */
export const clockWords = z.object({
  event: z.string(),
  host: z.string(),
  /** What the host's clock said when it asked, and the console's when it answered. */
  hostMs: z.number(),
  consoleMs: z.number(),
});

/** What signatures of clock answers are for. */
export const CLOCK_PURPOSE = "redpkt show clock 1";

/** Characters of a hash that tell two documents of one version apart. */
const MARK_CHARACTERS = 12;

export function markOf({ document, hash }: { document: ShowVersion; hash: string }): ShowMark {
  return { epoch: document.epoch, number: document.number, hash: hash.slice(0, MARK_CHARACTERS) };
}

export function isSameMark(a: ShowMark | null, b: ShowMark | null): boolean {
  return a?.epoch === b?.epoch && a?.number === b?.number && a?.hash === b?.hash;
}

/** Words as bytes. */
export function encodeWords(words: Omit<HostWords, "schemaVersion">): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ schemaVersion: WORDS_VERSION, ...words }));
}

/** Reads what a peer has sent; undefined if it is nothing of the kind. */
export function decodeWords<T>(schema: z.ZodType<T>, bytes: Uint8Array): T | undefined {
  try {
    const read = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    return read.success ? read.data : undefined;
  } catch {
    return undefined;
  }
}
