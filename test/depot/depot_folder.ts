/** A packed depot in a temporary folder. */
import { Random } from "../../core/base/random.ts";
import { type Manifest, readManifest } from "../../core/depot/manifest/manifest.ts";
import { type DepotPlan, manifestPath, packDepot } from "../../core/depot/manifest/pack.ts";
import { KeyFolder } from "../../core/seed/file/keys.ts";

export class DepotFolder implements Disposable {
  readonly root = Deno.makeTempDirSync();
  readonly dir = `${this.root}/depot`;
  readonly keys = new KeyFolder(`${this.root}/keys`);
  readonly plan: DepotPlan;
  readonly #random = new Random(1);

  /** @param sizes bytes of each package */
  constructor(sizes: readonly number[], bytesPerS: number, windows?: DepotPlan["windows"]) {
    this.keys.make(false);
    this.plan = {
      packages: sizes.map((_, i) => ({
        name: `p${i}`,
        file: `p${i}.bin`,
        sponsor: i + 1,
        resource: 7001 + i,
      })),
      windows: windows ?? [{ start: "2000-01-01T00:00:00Z", end: "2100-01-01T00:00:00Z", bytesPerS }],
    };
    sizes.forEach((size, i) => this.write(i, size));
    this.pack();
  }

  /** Gives a package other content. */
  write(at: number, size: number): void {
    const bytes = Uint8Array.from({ length: size }, () => this.#random.below(256));
    Deno.writeFileSync(`${this.root}/p${at}.bin`, bytes);
  }

  content(at: number): Uint8Array<ArrayBuffer> {
    return Deno.readFileSync(`${this.root}/p${at}.bin`);
  }

  pack(): ReturnType<typeof packDepot> {
    const path = `${this.root}/plan.json`;
    Deno.writeTextFileSync(path, JSON.stringify(this.plan));
    return packDepot(path, this.dir, this.keys.signing()!, this.manifest, () => {});
  }

  get manifest(): Manifest | undefined {
    try {
      const path = manifestPath(this.dir);
      return readManifest(Deno.readFileSync(path), this.keys.trusted(), path).manifest;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}
