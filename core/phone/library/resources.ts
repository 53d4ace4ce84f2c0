/** What to fetch in idle time, and where, as the show says it. */
export interface Resources {
  /** Of two manifests the higher one counts. */
  readonly version: number;
  /** SHA-256 of the manifest as its depot serves it, in hex. */
  readonly sha256: string;
  /** This user's depot: the manifest is at `URL/manifest`, a chunk at `URL/chunks/SHA256`. */
  readonly url: string;
}

/** What a manifest lists. Times are in unix ms; see `docs/resources.md`. */
export interface ResourceManifest {
  readonly version: number;
  readonly chunkBytes: number;
  /** When to fetch, and how fast all phones of a depot together may. */
  readonly windows: readonly {
    readonly startMs: number;
    readonly endMs: number;
    readonly bytesPerS: number;
  }[];
  readonly packages: readonly {
    readonly name: string;
    readonly version: number;
    readonly sponsor: number;
    /** The number by which wins, greetings and cues name it. */
    readonly resource: number;
    readonly bytes: number;
    /** By their SHA-256 in hex, in order. */
    readonly chunks: readonly string[];
  }[];
}

/** A depot serves something else than the show names. */
export class ManifestRefused extends Error {
  override name = "ManifestRefused";
}

/**
 * Fetches the manifest that the show names, and proves it by its hash.
 *
 * @throws ManifestRefused if the depot has another one; then ask again later
 */
export async function fetchManifest(
  { version, sha256, url }: Resources,
  get: (url: string) => Promise<Response> = fetch,
): Promise<ResourceManifest> {
  const response = await get(`${url}/manifest`);
  if (!response.ok) throw new ManifestRefused(`${url}/manifest: answers ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const hash = hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  if (hash !== sha256) {
    throw new ManifestRefused(`${url}/manifest: has SHA-256 ${hash}, and the show names ${sha256}`);
  }
  const end = bytes.lastIndexOf(0x0a, bytes.length - 2);
  const manifest: ResourceManifest = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  if (manifest.version === version) return manifest;
  throw new ManifestRefused(`${url}/manifest: is version ${manifest.version}, and the show names ${version}`);
}

/** Bytes in hex; not every runtime has that yet. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
