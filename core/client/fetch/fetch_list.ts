import { chunkBytes, type Manifest, type Package } from "../../depot/manifest/manifest.ts";

/** What a manifest comes to for whoever fetches: every chunk once, and which packages need it. */
export class FetchList {
  readonly manifest: Manifest;
  /** By chunk. */
  readonly sha256: readonly string[];
  readonly bytes: readonly number[];
  /** By chunk, its packages; by package, its chunks. */
  readonly packagesOf: readonly (readonly number[])[];
  readonly chunksOf: readonly (readonly number[])[];

  constructor(manifest: Manifest) {
    this.manifest = manifest;
    const places = new Map<string, number>();
    const bytes: number[] = [];
    const packagesOf: number[][] = [];
    this.chunksOf = manifest.packages.map((one: Package, i) => {
      const chunks = one.chunks.map((sha256, chunk) => {
        const place = places.get(sha256) ?? places.size;
        places.set(sha256, place);
        bytes[place] = chunkBytes(one, chunk);
        const packages = packagesOf[place] ??= [];
        if (packages.at(-1) !== i) packages.push(i);
        return place;
      });
      return [...new Set(chunks)];
    });
    this.sha256 = [...places.keys()];
    this.bytes = bytes;
    this.packagesOf = packagesOf;
  }
}
