import type { EventTimeState } from "../../base/event_time.ts";
import { Refusal, Verdict } from "../record/entry.ts";
import { timeOf, timeWords } from "../record/durable_time.ts";
import { type Judgement, refuse, say } from "../record/judgement.ts";
import type { LedgerLimits } from "../record/ledger.ts";
import type { Registry } from "../registry/registry.ts";
import { type Kind, NO_MONEY, stands } from "./kind.ts";

/** A kind of row that a ledger says of itself: no money, no packet, and a body that means something. */
export interface NoteKind<T> extends Kind {
  readonly words: (value: T) => Uint32Array;
  readonly read: (words: Uint32Array) => T;
}

/** A seed file as a ledger remembers it. */
export interface UsedSeed {
  readonly hash: string;
  /** Where it was when it was first used. */
  readonly path: string;
}

/** What somebody has accepted as lost. */
export interface NotedLoss {
  readonly reason: string;
  readonly has: { readonly seq: number; readonly headHex: string };
  /** What each file said, and which row it knows. */
  readonly lost: readonly { readonly file: string; readonly words: string; readonly seq?: number }[];
  readonly enteredAgain: number;
  readonly conflicts: number;
  readonly unknownRows: number;
}

/** Another machine that went on with a ledger. */
export interface Adoption {
  /** How often the ledger was adopted with this time, plus 1. */
  readonly epoch: number;
  /** Why, for people. */
  readonly reason: string;
  /** Nobody else's: two who adopt the same ledger at once have two histories. */
  readonly token: string;
}

/** What a ledger says of itself. The truth's file has an index of these rows, so few may have such a kind. */
export const noteKinds = {
  /** Limits that come into force: packets a user, and of each sponsor; 0 for none. */
  limits: note<LedgerLimits>({
    number: 22,
    words: ({ packetsPerUser, packetsPerSponsor }) =>
      Uint32Array.from([packetsPerUser, packetsPerSponsor], (packets) => packets === Infinity ? 0 : packets),
    read: ([packetsPerUser, packetsPerSponsor]) => ({
      packetsPerUser: packetsPerUser || Infinity,
      packetsPerSponsor: packetsPerSponsor || Infinity,
    }),
  }),
  /** A seed file whose tickets are given away. */
  seed: note<UsedSeed>({ number: 23, ...json() }),
  /** Rows are lost, and somebody says that this is accepted. */
  loss: note<NotedLoss>({ number: 24, ...json() }),
  /** Whose packet ids its packets have, before its first packet. */
  host: {
    ...note<number>({
      number: 27,
      words: (hostNumber) => Uint32Array.of(hostNumber),
      read: ([number]) => number,
    }),
    replay: replayHost,
  },
  /** Its event time at this moment, before it may look late. */
  time: note<EventTimeState>({ number: 28, words: timeWords, read: timeOf }),
  /** Another machine goes on with the ledger. */
  adoption: note<Adoption>({ number: 29, ...json() }),
};

function note<T>(kind: Pick<NoteKind<T>, "number" | "words" | "read">): NoteKind<T> {
  return { ...kind, fields: {}, legs: NO_MONEY, replay: stands, isNote: true };
}

/** A body that is a text in JSON: its bytes in UTF-8, how many in the first word. */
function json<T>(): Pick<NoteKind<T>, "words" | "read"> {
  return {
    words(value) {
      const bytes = new TextEncoder().encode(JSON.stringify(value));
      const words = new Uint32Array(1 + Math.ceil(bytes.length / 4));
      words[0] = bytes.length;
      new Uint8Array(words.buffer).set(bytes, 4);
      return words;
    },
    read(words) {
      const bytes = new Uint8Array(words.buffer, words.byteOffset + 4, words[0]);
      return JSON.parse(new TextDecoder().decode(bytes));
    },
  };
}

/** Whose the ids are is said before the first one is used, and once. */
function replayHost({ ids, mints, sends }: Registry, row: Judgement): void {
  const hostNumber = row.body?.[0];
  const isRight = hostNumber === ids.hostNumber && hostNumber !== 0 && mints.nextId === 1 &&
    sends.list.size === 0;
  if (isRight) say(row, Verdict.done);
  else refuse(row, Refusal.idsTaken);
}
