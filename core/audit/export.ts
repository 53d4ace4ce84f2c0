import type { OnStage } from "../cli/progress.ts";
import { kindName } from "../ledger/kinds/entry_kinds.ts";
import { type EntryRows, ROW_FIELDS } from "../ledger/record/entry_rows.ts";
import { TruthReader } from "../ledger/store/truth_reader.ts";

/** Columns of an export, in order. */
export const EXPORT_COLUMNS = [
  "seq",
  "kind",
  "packet_id",
  "user",
  "amount_fen",
  "sponsor",
  "count",
  "committed_at_ms",
] as const;

/** Takes blocks of rows and writes them somewhere. */
interface Exporter {
  add(rows: EntryRows): void;
  finish(): void;
}

/**
 * Writes every row of a ledger to a file.
 *
 * @returns how many rows
 */
export async function exportLedger(
  directory: string,
  format: "csv" | "parquet",
  path: string,
  onStage: OnStage = () => {},
): Promise<number> {
  const truth = new TruthReader(directory);
  try {
    const exporter = format === "csv" ? new CsvExporter(path) : await openParquet(path);
    let rows = 0;
    const inAll = truth.lastSeq();
    truth.read(0, (block) => {
      exporter.add(block);
      rows += block.count;
      onStage(path, block.count, inAll, "rows");
    });
    exporter.finish();
    return rows;
  } finally {
    truth.close();
  }
}

class CsvExporter implements Exporter {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();

  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    this.#write(`${EXPORT_COLUMNS.join(",")}\n`);
  }

  add({ values, count }: EntryRows): void {
    let text = "";
    for (let row = 0, at = 0; row < count; row++, at += ROW_FIELDS) {
      text += `${values[at]},${kindName(values[at + 1])},${values[at + 2]},${values[at + 3]},` +
        `${values[at + 4]},${values[at + 5]},${values[at + 6]},${values[at + 7]}\n`;
    }
    this.#write(text);
  }

  finish(): void {
    this.#file.close();
  }

  #write(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}

/** Loaded only when it is used: nobody else needs the library. */
async function openParquet(path: string): Promise<Exporter> {
  const { fileWriter, ParquetWriter } = await import("hyparquet-writer");
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [
      { name: "root", num_children: EXPORT_COLUMNS.length },
      ...EXPORT_COLUMNS.map((name) =>
        name === "kind"
          ? { name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" } as const
          : { name, type: "INT64", repetition_type: "REQUIRED" } as const
      ),
    ],
  });
  return {
    add({ values, count }) {
      const columnData = EXPORT_COLUMNS.map((name, field) => {
        const data = name === "kind" ? new Array<string>(count) : new BigInt64Array(count);
        for (let row = 0; row < count; row++) {
          const value = values[row * ROW_FIELDS + field];
          data[row] = name === "kind" ? kindName(value) : BigInt(value);
        }
        return { name, data };
      });
      void writer.write({ columnData, rowGroupSize: count });
    },
    finish: () => void writer.finish(),
  };
}
