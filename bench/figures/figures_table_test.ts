import assert from "node:assert/strict";
import { figuresSchema } from "./figures_file.ts";
import { figuresTable, plain, tableIn, withTable } from "./figures_table.ts";

const ROOT = new URL("../..", import.meta.url);

Deno.test("the README's figures are those of docs/figures.json", async () => {
  const file = figuresSchema.parse(JSON.parse(await Deno.readTextFile(new URL("docs/figures.json", ROOT))));
  assert.equal(tableIn(await Deno.readTextFile(new URL("README.md", ROOT))), plain(figuresTable(file)));
});

const FILE = figuresSchema.parse({
  ...{ schemaVersion: 1, commit: "abc", isQuick: false, priority: "normal" },
  machine: {
    processor: "P",
    cores: 2,
    kernel: "linux 6",
    runtime: "Deno 2",
    load1: 0.1,
    memoryNs: { "64": 149.6 },
  },
  figures: [
    {
      what: "shakes",
      unit: "a second",
      least: 900,
      median: 1_000,
      most: 1_100.4,
      runs: 3,
      command: "run it",
    },
    { what: "wait", unit: "ms", least: 1, median: 1, most: 1, runs: 1, command: "run" },
  ],
  refused: [{ command: "other", why: "nobody won" }],
});

Deno.test("a figure is told with its median, its spread, its unit, its command, and on what", () => {
  const table = figuresTable(FILE);
  assert.ok(table.includes("| shakes | 1,000/s | 900/s to 1,100/s, 3 runs | `run it` |"), table);
  assert.ok(table.includes("| wait | 1.00 ms | one run | `run` |"), table);
  assert.ok(
    table.includes("P, 2 cores that are shared, linux 6, Deno 2, a random read within 64 MiB 150 ns"),
    table,
  );
  assert.ok(table.includes("`other` gave no figure: nobody won."), table);
  assert.ok(!table.includes("noise"), table);
});

Deno.test("what was measured beside other work says so", () => {
  assert.match(
    figuresTable({ ...FILE, machine: { ...FILE.machine, load1: 7 } }),
    /Under noise.*load of 7\.0/,
  );
});

Deno.test("a document keeps what stands around its figures; one without marks is refused", () => {
  const first = withTable(
    "before\n\n<!-- figures: written by `deno task bench:figures` out of docs/figures.json --><!-- end of figures -->\n\nafter\n",
    "| a |",
  );
  assert.equal(tableIn(first), "| a |");
  const second = withTable(first, "| b |");
  assert.equal(tableIn(second), "| b |");
  assert.ok(second.startsWith("before\n") && second.endsWith("\nafter\n"));
  assert.throws(() => tableIn("no marks"), /no place for figures/);
});
