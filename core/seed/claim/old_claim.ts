import { crc32 } from "node:zlib";
import { z } from "zod";
import type { ClaimDisk } from "./claim_disk.ts";
import { type ClaimLedger, olderState, olderThanClaim, type Standing, takenBy } from "./claim_standing.ts";

/** A mark of a claim of version 1: its rows in 16 digits, a checksum in 8 hexadecimal ones. */
const MARK = /^rows (\d{16}) ([0-9a-f]{8})$/;
/** Behind the marks once a claim of this version has taken its place: it never counts again. */
const CONVERTED = "converted\n";

const headSchema = z.strictObject({ ledger: z.string(), hash: z.string(), claimedAt: z.string() });

/** A claim of version 1 that can't be read, in words. */
export class OldClaimDamaged extends Error {
  override name = "OldClaimDamaged";
}

/** A claim of version 1, `FILE.claim`: it belongs to a name, and knows how many rows its ledger had, not which. */
export interface OldClaim extends z.output<typeof headSchema> {
  readonly path: string;
  readonly rows: number;
}

/**
 * Reads the claim of version 1 of a seed file with this name.
 *
 * @returns undefined if there is none, or it was converted
 * @throws OldClaimDamaged
 */
export async function readOldClaim(disk: ClaimDisk, seedPath: string): Promise<OldClaim | undefined> {
  const path = `${seedPath}.claim`;
  const file = await disk.open(path);
  if (file === undefined) return undefined;
  try {
    return decode(path, new TextDecoder().decode(await file.read()));
  } finally {
    file.close();
  }
}

/** How a ledger stands to a file that has nothing but a claim of version 1. */
export function standingOfOld(old: OldClaim, ledger: ClaimLedger): Standing {
  if (old.ledger !== ledger.id) return { kind: "taken", why: takenBy(old, ledger) };
  if (!ledger.hasSeed(old.hash)) return { kind: "old", isProven: false, why: olderThanClaim(old, ledger) };
  if (ledger.head.seq < old.rows) return { kind: "old", isProven: false, why: olderState(ledger, old.rows) };
  const why =
    `its claim ${old.path} is of version 1, which knows how many rows the ledger had, and not which`;
  return { kind: "old", isProven: true, why };
}

/** It stays where it is, so that an older redpkt goes on refusing other ledgers; this one looks at it no more. */
export async function retireOldClaim(disk: ClaimDisk, { path }: OldClaim): Promise<void> {
  const file = await disk.open(path);
  if (file === undefined) return;
  try {
    await file.write((await file.read()).length, new TextEncoder().encode(CONVERTED));
    await file.sync();
  } finally {
    file.close();
  }
}

function decode(path: string, text: string): OldClaim | undefined {
  const [head, ...rest] = text.split("\n");
  if (`${rest.at(-2)}\n` === CONVERTED) return undefined;
  try {
    return { ...headSchema.parse(JSON.parse(head)), path, rows: Math.max(...rest.map(rowsOf)) };
  } catch (error) {
    throw new OldClaimDamaged(`its claim ${path} is damaged: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** 0 for a mark that was only half written. */
function rowsOf(line: string): number {
  const [, digits, crc] = MARK.exec(line) ?? [];
  return digits !== undefined && crc32(digits) === parseInt(crc, 16) ? Number(digits) : 0;
}
