/** A column of a table: whole numbers, or texts. */
export interface TableColumn {
  readonly name: string;
  readonly isText?: boolean;
}

/** Takes rows, as many at a time as there are, and writes them into a file. */
export interface TableFile {
  add(rows: readonly (readonly (number | string)[])[]): void;
  /** Nothing more comes; the file is whole. */
  finish(): void;
}

/** Opens a table's file. The same rows make the same file, byte for byte, if they come in the same pieces. */
export async function openTable(
  format: "csv" | "parquet",
  path: string,
  columns: readonly TableColumn[],
): Promise<TableFile> {
  return format === "csv" ? new CsvTable(path, columns) : await openParquet(path, columns);
}

class CsvTable implements TableFile {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();

  constructor(path: string, columns: readonly TableColumn[]) {
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    this.#write(`${columns.map(({ name }) => name).join(",")}\n`);
  }

  add(rows: readonly (readonly (number | string)[])[]): void {
    this.#write(rows.map((row) => `${row.map(csvCell).join(",")}\n`).join(""));
  }

  finish(): void {
    this.#file.close();
  }

  #write(text: string): void {
    const bytes = this.#encoder.encode(text);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
  }
}

function csvCell(value: number | string): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Loaded only when it is used: nobody else needs the library. */
async function openParquet(path: string, columns: readonly TableColumn[]): Promise<TableFile> {
  const { fileWriter, ParquetWriter } = await import("hyparquet-writer");
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [
      { name: "root", num_children: columns.length },
      ...columns.map(({ name, isText = false }) =>
        isText
          ? { name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" } as const
          : { name, type: "INT64", repetition_type: "REQUIRED" } as const
      ),
    ],
  });
  return {
    add(rows) {
      const columnData = columns.map(({ name, isText = false }, i) => ({
        name,
        data: isText ? rows.map((row) => String(row[i])) : BigInt64Array.from(rows, (row) => BigInt(row[i])),
      }));
      void writer.write({ columnData, rowGroupSize: rows.length });
    },
    finish: () => void writer.finish(),
  };
}
