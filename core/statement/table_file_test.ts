import assert from "node:assert/strict";
import { parquetReadObjects } from "hyparquet";
import { openTable } from "./table_file.ts";

const COLUMNS = [{ name: "fen" }, { name: "reason", isText: true }];
const ROWS = [
  [1, "plain"],
  [2 ** 52 + 1, 'a "word", quoted'],
  [3, "two\nlines"],
  [4, "an old\rline"],
  [5, ""],
  [6, "half, half"],
] as const;

async function bytesOf(format: "csv" | "parquet"): Promise<Uint8Array<ArrayBuffer>> {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/table`;
  try {
    const table = await openTable(format, path, COLUMNS);
    table.add(ROWS.slice(0, 2));
    table.add(ROWS.slice(2));
    table.finish();
    return Deno.readFileSync(path);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("CSV quotes what a spreadsheet would take apart, and nothing else", async () => {
  assert.equal(
    new TextDecoder().decode(await bytesOf("csv")),
    'fen,reason\n1,plain\n4503599627370497,"a ""word"", quoted"\n3,"two\nlines"\n4,"an old\rline"\n5,\n' +
      '6,"half, half"\n',
  );
});

Deno.test("a table takes the place of a longer one that was there", async () => {
  const path = Deno.makeTempFileSync();
  Deno.writeTextFileSync(path, "of an older statement\n".repeat(99));
  const table = await openTable("csv", path, COLUMNS);
  table.add([[1, "plain"]]);
  table.finish();
  assert.equal(Deno.readTextFileSync(path), "fen,reason\n1,plain\n");
  Deno.removeSync(path);
});

Deno.test("Parquet has the same rows, money as whole numbers and words as text", async () => {
  const { buffer } = await bytesOf("parquet");
  assert.deepEqual(
    await parquetReadObjects({ file: buffer }),
    ROWS.map(([fen, reason]) => ({ fen: BigInt(fen), reason })),
  );
});
