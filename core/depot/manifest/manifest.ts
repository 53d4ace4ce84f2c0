import { createHash, type KeyObject } from "node:crypto";
import { z } from "zod";
import { UserError } from "../../base/user_error.ts";
import { isSignedFor, type SigningKey } from "../../seed/file/keys.ts";

/** Of a manifest; it grows when a field goes or changes its meaning. */
export const MANIFEST_VERSION = 1;
/** Packages are cut into pieces of this size; the last one is what is left. */
export const CHUNK_BYTES = 256 * 1024;
export const MAX_MANIFEST_BYTES = 1 << 25;
/** What a signature is for: it stands in front of what is signed. */
const PURPOSE = "redpkt resources 1";
/** A rate below this would make chunks take seconds each. */
export const MIN_BYTES_PER_S = CHUNK_BYTES;

const wallMs = z.int().min(0).max(8_640_000_000_000_000);
const u32 = z.int().min(0).max(0xffff_ffff);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hex");

const window = z.strictObject({
  startMs: wallMs,
  endMs: wallMs,
  /** Most bytes in any second, of all who fetch from one depot together. */
  bytesPerS: z.int().min(MIN_BYTES_PER_S).max(1e12),
}).refine(({ startMs, endMs }) => startMs < endMs, "must end after its start");

const packed = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be a short name in small letters"),
  /** Grows when its content changes. */
  version: z.int().min(1).max(0xffff_ffff),
  /** Whose it is, and the number by which wins, greetings and cues name it. */
  sponsor: u32,
  resource: u32,
  bytes: z.int().min(1).max(1e12),
  chunks: z.array(sha256).min(1).max(1_000_000),
}).refine(
  ({ bytes, chunks }) => chunks.length === Math.ceil(bytes / CHUNK_BYTES),
  { path: ["chunks"], message: "must be as many as its bytes have" },
);

/** What phones fetch in idle time, and when they may. */
export const manifestSchema = z.strictObject({
  schemaVersion: z.literal(MANIFEST_VERSION),
  /** Of two manifests the higher one counts. */
  version: z.int().min(1).max(0xffff_ffff),
  chunkBytes: z.literal(CHUNK_BYTES),
  /** The day plan, in order; nothing is served outside. */
  windows: z.array(window).min(1).max(1_000),
  packages: z.array(packed).min(1).max(10_000),
}).superRefine(({ windows, packages }, context) => {
  const issue = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (windows.some(({ startMs }, i) => i > 0 && startMs < windows[i - 1].endMs)) {
    issue("windows", "must follow each other without an overlap");
  }
  if (new Set(packages.map(({ name }) => name)).size !== packages.length) {
    issue("packages", "two have one name");
  }
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Package = Manifest["packages"][number];
export type DepotWindow = Manifest["windows"][number];

/** A manifest that is proven, and its file as it is served. */
export interface SignedManifest {
  readonly manifest: Manifest;
  /** The manifest, a line feed, and who has signed it as JSON. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** SHA-256 of the file, in hex: a show names it by that. */
  readonly sha256: string;
}

export function signManifest(manifest: Manifest, key: SigningKey): SignedManifest {
  const body = JSON.stringify(manifestSchema.parse(manifest));
  const signature = key.signFor(PURPOSE, new TextEncoder().encode(body)).toBase64();
  const bytes = new TextEncoder().encode(`${body}\n${JSON.stringify({ key: key.id, signature })}\n`);
  return { manifest, bytes, sha256: hashOf(bytes) };
}

/**
 * Reads a manifest and proves it.
 *
 * @param place where it came from, for messages
 * @throws UserError
 */
export function readManifest(
  bytes: Uint8Array<ArrayBuffer>,
  trusted: ReadonlyMap<string, KeyObject>,
  place: string,
): SignedManifest {
  const fault = (what: string) => new UserError(`${place}: ${what}`);
  if (bytes.length > MAX_MANIFEST_BYTES) throw fault(`has more than ${MAX_MANIFEST_BYTES} bytes`);
  const end = bytes.lastIndexOf(0x0a, bytes.length - 2);
  const signed = signatureOf(bytes.subarray(end + 1));
  if (end < 0 || signed === undefined) {
    throw fault("is no signed manifest: make it with redpkt depot pack");
  }
  const key = trusted.get(signed.key);
  if (key === undefined) {
    throw fault(`is signed by ${signed.key}, who is not trusted: redpkt seed key trust FILE.pem`);
  }
  const body = bytes.subarray(0, end);
  if (!isSignedFor(key, PURPOSE, body, signed.signature)) {
    throw fault(`is not signed by ${signed.key}, as it says: fetch it again, or make it anew`);
  }
  const result = manifestSchema.safeParse(JSON.parse(new TextDecoder().decode(body)));
  if (!result.success) throw fault(result.error.issues.map(({ message }) => message).join("; "));
  return { manifest: result.data, bytes, sha256: hashOf(bytes) };
}

/** Bytes of a package's chunk. */
export function chunkBytes({ bytes, chunks }: Package, chunk: number): number {
  return chunk === chunks.length - 1 ? bytes - chunk * CHUNK_BYTES : CHUNK_BYTES;
}

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function signatureOf(line: Uint8Array): { key: string; signature: Uint8Array } | undefined {
  try {
    const { key, signature } = JSON.parse(new TextDecoder().decode(line)) as Record<string, unknown>;
    if (typeof key !== "string" || typeof signature !== "string") return undefined;
    return { key, signature: Uint8Array.fromBase64(signature) };
  } catch {
    return undefined;
  }
}
