/** The header of a database's write-ahead log, as https://sqlite.org/fileformat2.html#the_write_ahead_log has it. */
export const LOG_HEADER_BYTES = 32;
/** The lowest bit says that checksums add up big-endian words. */
const MAGIC = 0x377f0682;

/** Offsets of numbers, all big-endian. */
export const LogHeader = { magic: 0, pageBytes: 8, salts: 16, checksum: 24 } as const;

/** The sum that SQLite keeps of a log, of 8 bytes at a time. */
export class LogSum {
  readonly #view: DataView;
  readonly #isLittleEndian: boolean;
  #first = 0;
  #second = 0;

  constructor(view: DataView, isLittleEndian: boolean) {
    this.#view = view;
    this.#isLittleEndian = isLittleEndian;
  }

  add(from: number, to: number): void {
    for (let at = from; at < to; at += 8) {
      this.#first = (this.#first + this.#view.getUint32(at, this.#isLittleEndian) + this.#second) >>> 0;
      this.#second = (this.#second + this.#view.getUint32(at + 4, this.#isLittleEndian) + this.#first) >>> 0;
    }
  }

  /** Whether this sum is written there. */
  isAt(at: number): boolean {
    return this.#view.getUint32(at) === this.#first && this.#view.getUint32(at + 4) === this.#second;
  }
}

/** The sum after a log's header, where the frames' begins; undefined if the header isn't whole. */
export function headerSum(view: DataView): LogSum | undefined {
  if (view.byteLength < LOG_HEADER_BYTES) return undefined;
  const magic = view.getUint32(LogHeader.magic);
  if ((magic & ~1) !== MAGIC) return undefined;
  const sum = new LogSum(view, (magic & 1) === 0);
  sum.add(0, LogHeader.checksum);
  return sum.isAt(LogHeader.checksum) ? sum : undefined;
}
