/** Columns side by side, indented; the first `left` of them flush left, the others, which hold numbers, flush right. */
export function alignColumns(rows: readonly (readonly string[])[], left = 1): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    "  " +
    row.map((cell, i) => i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ").trimEnd()
  ).join("\n") + "\n";
}
