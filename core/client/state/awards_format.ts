import { crc32 } from "node:zlib";
import type { UserSlice } from "../../base/segment.ts";

/**
 * The file of `--awards`: CSV of five columns. Behind the header stands a line of kind `users` that says whose file it is
 * (first user, stride, how many, when it was begun), and at its end one of kind `end` (rows in between, their CRC-32, the
 * sum of their amounts, when it was ended): so a file that was cut, edited or put together is known.
 */
export const AWARDS_HEADER = "user,packet_id,amount_fen,kind,seen_at_ms\n";

/** Whose file it is, and since when, in ms of wall time. */
export function usersLine({ first, stride, count }: UserSlice, wallMs: number): string {
  return `${first},${stride},${count},users,${Math.floor(wallMs)}\n`;
}

/** What stands between the first and the last line of a file, added up as it is written. */
export class AwardTotals {
  rows = 0;
  sumFen = 0;
  crc = 0;

  /** Whole lines, and the same as bytes. */
  add(lines: string, bytes: Uint8Array): void {
    this.crc = crc32(bytes, this.crc);
    for (let at = 0; at < lines.length; at = lines.indexOf("\n", at) + 1) {
      const amountAt = lines.indexOf(",", lines.indexOf(",", at) + 1) + 1;
      this.sumFen += Number(lines.slice(amountAt, lines.indexOf(",", amountAt)));
      this.rows++;
    }
  }

  endLine(wallMs: number): string {
    return `${this.rows},${this.crc},${this.sumFen},end,${Math.floor(wallMs)}\n`;
  }
}

/** A whole file of these lines. */
export function awardsText(slice: UserSlice, lines: string, startedMs: number, endedMs: number): string {
  const totals = new AwardTotals();
  totals.add(lines, new TextEncoder().encode(lines));
  return AWARDS_HEADER + usersLine(slice, startedMs) + lines + totals.endLine(endedMs);
}
