import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { UserError } from "../../base/user_error.ts";
import { isSignedFor, type SigningKey } from "../file/keys.ts";

/** What a signature is for: it stands in front of what is signed. */
const PURPOSE = "redpkt seeds 1";
export const MAX_MANIFEST_BYTES = 1 << 20;

const schema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Of two manifests the higher one counts. */
  version: z.int().min(1).max(0xffff_ffff),
  /** Each host's file, by its hash. */
  files: z.array(z.strictObject({
    host: z.string().min(1).max(63),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    bytes: z.int().min(1),
  })).max(10_000),
}).refine(
  ({ files }) => new Set(files.map(({ host }) => host)).size === files.length,
  "a host has two files",
);

/** Which file is whose. */
export type SeedManifest = z.infer<typeof schema>;
export type ManifestFile = SeedManifest["files"][number];

/** The manifest as JSON, a line feed, and who has signed it. */
export function signSeedManifest(manifest: SeedManifest, key: SigningKey): string {
  const body = JSON.stringify(schema.parse(manifest));
  const signature = key.signFor(PURPOSE, new TextEncoder().encode(body)).toBase64();
  return `${body}\n${JSON.stringify({ key: key.id, signature })}\n`;
}

/** @param place where it came from, for messages @throws UserError */
export function readSeedManifest(
  text: string,
  trusted: ReadonlyMap<string, KeyObject>,
  place: string,
): SeedManifest {
  const fault = (what: string) => new UserError(`${place}: ${what}`);
  const [body = "", tail = "", ...more] = text.split("\n");
  const signed = signatureIn(tail);
  if (signed === undefined || more.join("") !== "") throw fault("is no signed manifest of seed files");
  const key = trusted.get(signed.key);
  if (key === undefined) throw fault(`is signed by ${signed.key}, who is not trusted: redpkt seed key trust`);
  if (!isSignedFor(key, PURPOSE, new TextEncoder().encode(body), signed.signature)) {
    throw fault(`is not signed by ${signed.key}, as it says`);
  }
  const result = schema.safeParse(JSON.parse(body));
  if (!result.success) throw fault(result.error.issues.map(({ message }) => message).join("; "));
  return result.data;
}

function signatureIn(line: string): { key: string; signature: Uint8Array } | undefined {
  try {
    const { key, signature } = JSON.parse(line) as Record<string, unknown>;
    if (typeof key !== "string" || typeof signature !== "string") return undefined;
    return { key, signature: Uint8Array.fromBase64(signature) };
  } catch {
    return undefined;
  }
}
