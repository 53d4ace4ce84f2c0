/**
 * The fields of an event as people read them: ` port=1025 engine=uring`, and each group of fields in a line of its own
 * below, such as what a plugin says of itself.
 */
export function inWords(fields: Readonly<Record<string, unknown>>): string {
  const told = Object.entries(fields).filter(([, value]) => value !== undefined);
  const plain = told.filter(([, value]) => !isGroup(value));
  const groups = told.filter(([, value]) => isGroup(value)) as [string, Record<string, unknown>][];
  return plain.map(([key, value]) => ` ${key}=${written(value)}`).join("") +
    groups.map(([key, group]) => `\n    ${key}:${pairs(group, "")}`).join("");
}

/** A group's own fields; those of a group within it are called by both names. */
function pairs(group: Readonly<Record<string, unknown>>, prefix: string): string {
  return Object.entries(group).map(([key, value]) => {
    if (value === undefined) return "";
    return isGroup(value) ? pairs(value, `${prefix}${key}.`) : ` ${prefix}${key}=${written(value)}`;
  }).join("");
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function written(value: unknown): string {
  if (typeof value === "string") return /\s|^$/.test(value) ? JSON.stringify(value) : value;
  if (!Array.isArray(value)) return String(value);
  return value.length === 0
    ? "none"
    : value.map((each) => isGroup(each) ? `(${pairs(each, "").trim()})` : written(each)).join(",");
}
