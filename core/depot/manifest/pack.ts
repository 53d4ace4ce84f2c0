import { z } from "zod";
import { exists } from "../../base/exists.ts";
import { UserError } from "../../base/user_error.ts";
import type { OnStage } from "../../cli/progress.ts";
import type { SigningKey } from "../../seed/file/keys.ts";
import {
  CHUNK_BYTES,
  type DepotWindow,
  hashOf,
  type Manifest,
  MANIFEST_VERSION,
  MIN_BYTES_PER_S,
  type Package,
  type SignedManifest,
  signManifest,
} from "./manifest.ts";

const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** What a depot's operator writes: which files are packages, and when and how fast they may be fetched. */
export const depotPlanSchema = z.strictObject({
  packages: z.array(z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, "must be a short name in small letters"),
    /** Beside the plan. */
    file: z.string().min(1),
    sponsor: z.int().min(0).max(0xffff_ffff),
    resource: z.int().min(0).max(0xffff_ffff),
  })).min(1).max(10_000),
  windows: z.array(z.strictObject({
    start: time,
    end: time,
    bytesPerS: z.int().min(MIN_BYTES_PER_S).max(1e12),
  })).min(1).max(1_000),
});

/** The same as data, before it is read. */
export type DepotPlan = z.input<typeof depotPlanSchema>;

/** Within a depot's folder. */
export function manifestPath(dir: string): string {
  return `${dir}/manifest`;
}

export function chunkPath(dir: string, sha256: string): string {
  return `${dir}/chunks/${sha256}`;
}

export interface Packed {
  readonly signed: SignedManifest;
  /** Chunks that the folder didn't have, and their bytes. */
  readonly newChunks: number;
  readonly newBytes: number;
  readonly changed: readonly string[];
}

/**
 * Cuts files into chunks by their hash, and writes the manifest last: who reads it finds every chunk.
 *
 * @param before the folder's manifest: a package with the same content keeps its version
 * @throws UserError that lists every problem
 */
export function packDepot(
  planPath: string,
  dir: string,
  key: SigningKey,
  before: Manifest | undefined,
  onStage: OnStage,
): Packed {
  const plan = readPlan(planPath);
  const base = planPath.replace(/[^/]*$/, "");
  const files = plan.packages.map(({ file }) => file.startsWith("/") ? file : base + file);
  const problems = files.flatMap((file) => problemOf(file));
  if (problems.length > 0) throw new UserError(problems.join("\n"));
  Deno.mkdirSync(`${dir}/chunks`, { recursive: true });
  const changed: string[] = [];
  let [newChunks, newBytes] = [0, 0];
  const total = files.reduce((sum, file) => sum + Deno.statSync(file).size, 0);
  const packages = plan.packages.map(({ name, sponsor, resource }, i): Package => {
    const { bytes, chunks } = cut(files[i], (chunk, sha256) => {
      onStage("packing", chunk.length, total, "bytes");
      if (exists(chunkPath(dir, sha256))) return;
      newChunks++;
      newBytes += chunk.length;
      writeWhole(chunkPath(dir, sha256), chunk);
    });
    const old = before?.packages.find((one) => one.name === name);
    const isSame = old !== undefined && old.chunks.join() === chunks.join();
    if (!isSame) changed.push(name);
    return {
      name,
      version: isSame ? old.version : (old?.version ?? 0) + 1,
      sponsor,
      resource,
      bytes,
      chunks,
    };
  });
  const manifest: Manifest = {
    schemaVersion: MANIFEST_VERSION,
    version: (before?.version ?? 0) + 1,
    chunkBytes: CHUNK_BYTES,
    windows: plan.windows.map(({ start, end, bytesPerS }): DepotWindow => ({
      startMs: start,
      endMs: end,
      bytesPerS,
    })),
    packages,
  };
  const signed = signManifest(manifest, key);
  writeWhole(manifestPath(dir), signed.bytes);
  return { signed, newChunks, newBytes, changed };
}

function readPlan(path: string): z.infer<typeof depotPlanSchema> {
  let json: unknown;
  try {
    json = JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    throw new UserError(`${path}: cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  const result = depotPlanSchema.safeParse(json);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path: at, message }) => `${path}: ${at.join(".")}: ${message}`);
  throw new UserError(lines.join("\n"));
}

function problemOf(file: string): string[] {
  try {
    const { isFile, size } = Deno.statSync(file);
    return isFile && size > 0 ? [] : [`${file}: must be a file that isn't empty`];
  } catch (error) {
    return [`${file}: cannot be read: ${error instanceof Error ? error.message : error}`];
  }
}

function cut(
  path: string,
  take: (chunk: Uint8Array, sha256: string) => void,
): { bytes: number; chunks: string[] } {
  using file = Deno.openSync(path);
  const chunks: string[] = [];
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let bytes = 0;;) {
    let size = 0;
    for (let read = 1; read > 0 && size < CHUNK_BYTES; size += read) {
      read = file.readSync(buffer.subarray(size)) ?? 0;
    }
    if (size === 0) return { bytes, chunks };
    const chunk = buffer.subarray(0, size);
    const sha256 = hashOf(chunk);
    take(chunk, sha256);
    chunks.push(sha256);
    bytes += size;
  }
}

/** A file is there whole or not at all. */
function writeWhole(path: string, bytes: Uint8Array): void {
  Deno.writeFileSync(`${path}.new`, bytes);
  Deno.renameSync(`${path}.new`, path);
}
