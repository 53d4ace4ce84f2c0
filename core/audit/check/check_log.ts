import { headerSum, LOG_HEADER_BYTES, LogHeader } from "../../ledger/disk/log_header.ts";
import type { Problems } from "./problems.ts";

const FRAME_HEADER_BYTES = 24;
/** A frame that is just being written is whole when it is read again. */
const MOST_LOOKS = 5;

/** Offsets of a frame's numbers, all big-endian. */
const Frame = { salts: 8, checksum: 16 } as const;

/**
 * Checks that a database's write-ahead log has all that was written to it. SQLite reads a log up to the first frame that
 * isn't whole, and what comes after is gone without a word, as if it had never been; the frames themselves still show it.
 *
 * @param path the database's
 * @param name its name, for the problems
 */
export function checkLog(path: string, name: string, problems: Problems): void {
  let before: string | undefined;
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const damage = damageOf(`${path}-wal`);
    if (damage === undefined) return;
    if (damage === before) return problems.add(`${name} log`, `${name}-wal: ${damage}`);
    before = damage;
  }
}

/** Formats are described at https://sqlite.org/fileformat2.html#the_write_ahead_log */
function damageOf(path: string): string | undefined {
  const bytes = readLog(path);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < LOG_HEADER_BYTES) return "ends in its header: all that was in it is lost";
  const sums = headerSum(view);
  if (sums === undefined) return "its header is damaged: all that was in it is lost";
  const [salt1, salt2] = [view.getUint32(LogHeader.salts), view.getUint32(LogHeader.salts + 4)];
  const frameBytes = FRAME_HEADER_BYTES + view.getUint32(LogHeader.pageBytes);
  let isWhole = true;
  for (let at = LOG_HEADER_BYTES, frame = 1; at < bytes.length; at += frameBytes, frame++) {
    if (at + FRAME_HEADER_BYTES > bytes.length) break;
    const isFirst = view.getUint32(at + Frame.salts) === salt1;
    const isSecond = view.getUint32(at + Frame.salts + 4) === salt2;
    // What is left of a log before this one has other salts, both of them.
    if (!isFirst && !isSecond) {
      isWhole = false;
      continue;
    }
    isWhole &&= isFirst && isSecond && at + frameBytes <= bytes.length;
    if (isWhole) {
      sums.add(at, at + Frame.salts);
      sums.add(at + FRAME_HEADER_BYTES, at + frameBytes);
    }
    if (!isWhole || !sums.isAt(at + Frame.checksum)) {
      return `is damaged before byte ${Math.min(at + frameBytes, bytes.length)} (frame ${frame}): ` +
        "what was written from there on is lost";
    }
  }
  return undefined;
}

function readLog(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
