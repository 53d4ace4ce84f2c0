import type { AdminAction } from "../counters/series.ts";

/** Says who acts, URL-encoded. */
export const WHO_HEADER = "x-redpkt-who";
/** Says which monitor sends it: that one has marked it already. */
export const MARKED_BY_HEADER = "x-redpkt-marked-by";

/** What rehearsals call themselves: their phases are marked, so what they do for them needn't be. */
export const REHEARSAL = "rehearsal";

const MOST_TEXT = 300;
const MOST_WHO = 60;

/** What a request does, in words: its path without the slash, and its values. */
export function actionText(path: string, body: unknown): string {
  const values = typeof body === "object" && body !== null ? Object.entries(body) : [];
  const words = values.map(([name, value]) =>
    `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`
  );
  return printable([path.slice(1), words.join(", ")].filter((part) => part !== "").join(" "), MOST_TEXT);
}

/** Who a request says that they are. */
export function whoOf(header: (name: string) => string | undefined): Pick<AdminAction, "who" | "markedBy"> {
  return {
    who: printable(decoded(header(WHO_HEADER) ?? ""), MOST_WHO),
    markedBy: printable(header(MARKED_BY_HEADER) ?? "", MOST_WHO),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Terminals show it: what would steer one, rather than be seen, is left out. */
function printable(text: string, most: number): string {
  return text.slice(0, most).replace(/\p{Cc}/gu, "");
}
