import { awardKinds } from "./awards.ts";
import type { Kind } from "./kind.ts";
import { noteKinds } from "./notes.ts";
import { orderKinds } from "./orders.ts";
import { packetKinds } from "./packets.ts";
import { passKinds } from "./passes.ts";
import { queryKinds } from "./queries.ts";
import { transferKinds } from "./transfers.ts";

/** Every kind of entry that comes with redpkt, by its name. */
export const kinds = {
  ...packetKinds,
  ...awardKinds,
  ...transferKinds,
  ...queryKinds,
  ...orderKinds,
  ...noteKinds,
  ...passKinds,
} satisfies Readonly<Record<string, Kind>>;

/** Words of the next entry of a ring that is none of these; nobody is told a verdict. */
const PART = 11;

/** The numbers of all kinds, by their names. */
export const EntryKind = {
  part: PART,
  ...Object.fromEntries(Object.entries(kinds).map(([name, { number }]) => [name, number])),
} as Readonly<Record<keyof typeof kinds | "part", number>>;

const byNumber: (Kind | undefined)[] = [];
const names: string[] = [];

/** Takes a kind in. Its number must be free. */
export function addKind(name: string, kind: Kind): void {
  if (kind.number === PART || byNumber[kind.number] !== undefined) {
    throw new Error(`${name}: ${kind.number} is ${names[kind.number] ?? "part"}'s number`);
  }
  byNumber[kind.number] = kind;
  names[kind.number] = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

for (const [name, kind] of Object.entries(kinds)) addKind(name, kind);

/** The kind of an entry; undefined if there is none with this number. */
export function kindOf(number: number): Kind | undefined {
  return byNumber[number];
}

/** The name of a kind, as exports have it. */
export function kindName(number: number): string {
  return names[number] ?? String(number);
}

/** The numbers of some kinds, upwards. */
export function numbersOf(isWanted: (kind: Kind) => boolean): number[] {
  return byNumber.flatMap((kind) => kind !== undefined && isWanted(kind) ? [kind.number] : []);
}
