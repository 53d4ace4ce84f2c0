/** SQLite's codes of a file that is damaged: malformed, and no database. */
const DAMAGE_CODES = new Set([11, 26]);

/** Whether an error of SQLite says that its file is damaged. */
export function isDatabaseDamage(error: unknown): error is Error {
  return error instanceof Error && "errcode" in error && DAMAGE_CODES.has(Number(error.errcode) & 0xff);
}
