import { createHash, type KeyObject } from "node:crypto";
import { isSignedFor, type SigningKey } from "../seed/file/keys.ts";
import {
  canonicalPlan,
  canonicalShow,
  compareVersions,
  documentProblems,
  MAX_SHOW_BYTES,
  type ShowDocument,
  showSchema,
} from "./document.ts";

/** What a signature is for: it stands in front of what is signed. */
const SHOW_PURPOSE = "redpkt show 1";
const PLAN_PURPOSE = "redpkt show plan 1";
/** Persons who must have signed a plan. */
export const MIN_APPROVALS = 2;

/** Why a document is refused: each is counted apart. */
export type ShowFault = "damaged" | "forged" | "mistaken" | "halfSigned" | "older" | "otherEvent";

/** A document that doesn't count. */
export class ShowRefused extends Error {
  override name = "ShowRefused";
  constructor(readonly fault: ShowFault, message: string) {
    super(message);
  }
}

/** A document that was signed by somebody who is trusted, as it was sent. */
export interface SignedShow {
  readonly document: ShowDocument;
  /** The body, a line feed, and who has signed it as JSON. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the body in hex: tells apart two documents of one version. */
  readonly hash: string;
  readonly signer: string;
}

/** Signs a document. */
export function signShow(document: ShowDocument, key: SigningKey): SignedShow {
  const body = canonicalShow(document);
  const signature = key.signFor(SHOW_PURPOSE, body).toBase64();
  const tail = new TextEncoder().encode(`\n${JSON.stringify({ key: key.id, signature })}`);
  const bytes = new Uint8Array(body.length + tail.length);
  bytes.set(body);
  bytes.set(tail, body.length);
  return { document, bytes, hash: hashOf(body), signer: key.id };
}

/** One person's approval of a plan. */
export function approvePlan(
  show: Pick<ShowDocument, "event" | "plan">,
  key: SigningKey,
): ShowDocument["approvals"][number] {
  return { key: key.id, signature: key.signFor(PLAN_PURPOSE, canonicalPlan(show)).toBase64() };
}

/** Who of those that are trusted has approved a plan. */
export function approversOf(
  show: Pick<ShowDocument, "event" | "plan" | "approvals">,
  trusted: ReadonlyMap<string, KeyObject>,
): string[] {
  const plan = canonicalPlan(show);
  const valid = show.approvals.filter(({ key, signature }) => {
    const known = trusted.get(key);
    return known !== undefined && isSignedFor(known, PLAN_PURPOSE, plan, Uint8Array.fromBase64(signature));
  });
  return [...new Set(valid.map(({ key }) => key))];
}

/**
 * Reads a document and proves it.
 *
 * @param trusted public keys by id
 * @param event the event that it must be for
 * @throws ShowRefused
 */
export function readShow(
  bytes: Uint8Array,
  trusted: ReadonlyMap<string, KeyObject>,
  event: string,
): SignedShow {
  const { body, key, signature } = splitShow(bytes);
  const known = trusted.get(key);
  if (known === undefined) throw new ShowRefused("forged", `signed by ${key}, which is not trusted`);
  if (!isSignedFor(known, SHOW_PURPOSE, body, signature)) {
    throw new ShowRefused("forged", `is not signed by ${key}, as it says`);
  }
  const document = readBody(body);
  if (document.event !== event) {
    throw new ShowRefused("otherEvent", `is for event ${document.event}, not for ${event}`);
  }
  const approvers = approversOf(document, trusted);
  if (approvers.length < MIN_APPROVALS) {
    throw new ShowRefused(
      "halfSigned",
      `its plan is approved by ${approvers.length} of ${MIN_APPROVALS} persons: redpkt show approve`,
    );
  }
  return { document, bytes: Uint8Array.from(bytes), hash: hashOf(body), signer: key };
}

/** Which of two documents is newer: above 0 if `a` is, 0 if they are the same. One order for everybody, whatever comes. */
export function compareShows(a: SignedShow, b: SignedShow): number {
  return compareVersions(a.document, b.document) || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0);
}

function splitShow(bytes: Uint8Array): { body: Uint8Array; key: string; signature: Uint8Array } {
  if (bytes.length > MAX_SHOW_BYTES) {
    throw new ShowRefused("damaged", `has more than ${MAX_SHOW_BYTES} bytes`);
  }
  const end = bytes.lastIndexOf(0x0a);
  if (end < 0) throw new ShowRefused("damaged", "has no signature");
  try {
    const { key, signature } = JSON.parse(utf8.decode(bytes.subarray(end + 1))) as Record<string, unknown>;
    if (typeof key === "string" && typeof signature === "string") {
      return { body: bytes.subarray(0, end), key, signature: Uint8Array.fromBase64(signature) };
    }
  } catch {
    // Said below.
  }
  throw new ShowRefused("damaged", "its signature can't be read");
}

/** Whoever signed it has made the mistake, so it says which. */
function readBody(body: Uint8Array): ShowDocument {
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(body));
  } catch {
    throw new ShowRefused("mistaken", "is no JSON");
  }
  const read = showSchema.safeParse(json);
  if (!read.success) throw new ShowRefused("mistaken", documentProblems(json).join("; "));
  // Two readers of one text could differ otherwise, such as by a key that stands twice.
  const again = canonicalShow(read.data);
  if (again.length !== body.length || again.some((byte, i) => byte !== body[i])) {
    throw new ShowRefused("mistaken", "is not written in its one form");
  }
  return read.data;
}

function hashOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
