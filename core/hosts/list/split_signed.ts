/** What the signature of a list is for: it stands in front of what is signed, with a line feed between. */
export const LIST_PURPOSE = "redpkt hosts 1";

/** Why a list is refused: each is counted apart. */
export const LIST_FAULTS = ["damaged", "forged", "mistaken", "older", "otherEvent"] as const;
export type ListFault = typeof LIST_FAULTS[number];

/** A list that doesn't count. */
export class ListRefused extends Error {
  override name = "ListRefused";
  constructor(readonly fault: ListFault, message: string) {
    super(message);
  }
}

/** A signed list's parts, not proven yet. */
export interface SignedParts {
  readonly body: string;
  readonly key: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** @throws ListRefused */
export function splitSigned(text: string): SignedParts {
  const end = text.trimEnd().lastIndexOf("\n");
  if (end < 0) throw new ListRefused("damaged", "has no signature");
  try {
    const { key, signature } = JSON.parse(text.slice(end + 1)) as Record<string, unknown>;
    if (typeof key === "string" && typeof signature === "string") {
      const bytes = Uint8Array.from(atob(signature), (letter) => letter.charCodeAt(0));
      return { body: text.slice(0, end), key, signature: bytes };
    }
  } catch {
    // Said below.
  }
  throw new ListRefused("damaged", "its signature can't be read");
}
