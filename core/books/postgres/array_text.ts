/** Numbers as an array in PostgreSQL's text, which costs the client the least. */
export function numberArray(values: readonly (number | boolean)[]): string {
  return `{${values.join(",")}}`;
}

/** Texts as an array in PostgreSQL's text. */
export function textArray(values: readonly string[]): string {
  return `{${values.map((text) => `"${text.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
