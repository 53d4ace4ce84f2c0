import { UserError } from "../../base/user_error.ts";
import { cleanName, codeKey, nameKey } from "./guest_name.ts";

/** Somebody who is invited. */
export interface Invited {
  readonly name: string;
  /** Their own code, if they have one. */
  readonly code?: string;
}

/**
 * Reads a list of guests: `name` or `name,code` a line, as spreadsheets write CSV. A first line `name` or `name,code` is
 * a heading.
 *
 * @throws UserError that lists every bad line
 */
export function parseGuestList(text: string, place: string): Invited[] {
  const invited: Invited[] = [];
  const problems: string[] = [];
  const names = new Set<string>();
  const codes = new Set<string>();
  text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).forEach((line, i) => {
    const fields = fieldsOf(line).map((field) => field.trim());
    if (fields.every((field) => field === "")) return;
    if (i === 0 && /^name$/i.test(fields[0])) return;
    const where = `${place}:${i + 1}`;
    const name = cleanName(fields[0]);
    const code = codeKey(fields[1] ?? "");
    if (fields.length > 2) problems.push(`${where}: has ${fields.length} fields. Write NAME or NAME,CODE`);
    else if (name === undefined) problems.push(`${where}: ${JSON.stringify(fields[0])} can't be a name`);
    else if (names.has(nameKey(name))) problems.push(`${where}: ${name} is on the list already`);
    else if (code !== "" && !/^[A-Z0-9]{4,16}$/.test(code)) {
      problems.push(`${where}: a code has 4 to 16 letters and digits`);
    } else if (codes.has(code)) problems.push(`${where}: code ${code} is another guest's already`);
    else {
      names.add(nameKey(name));
      if (code !== "") codes.add(code);
      invited.push({ name, ...(code === "" ? {} : { code }) });
    }
  });
  if (problems.length === 0 && invited.length === 0) {
    problems.push(`${place}: names nobody. Write a name a line`);
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  return invited;
}

/** The fields of a line of CSV; quotes keep commas together, and two of them stand for one. */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/(?:^|,)(?:\s*"((?:[^"]|"")*)"\s*|([^,]*))(?=,|$)/g)) {
    fields.push(quoted?.replaceAll('""', '"') ?? plain ?? "");
  }
  return fields;
}
