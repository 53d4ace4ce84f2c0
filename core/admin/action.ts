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
  return [path.slice(1), words.join(", ")].filter((part) => part !== "").join(" ").slice(0, MOST_TEXT);
}

/** Who a request says that he is. */
export function whoOf(header: (name: string) => string | undefined): Pick<AdminAction, "who" | "markedBy"> {
  return {
    who: decoded(header(WHO_HEADER) ?? "").slice(0, MOST_WHO),
    markedBy: (header(MARKED_BY_HEADER) ?? "").slice(0, MOST_WHO),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
