import { createHash } from "node:crypto";
import ts from "typescript";

/** Which file of a tree imports which, at any distance. */
export class ImportGraph {
  readonly #root: string;
  readonly #imports = new Map<string, readonly string[]>();
  readonly #hashes = new Map<string, string>();

  /** @param root the tree's */
  constructor(root: string) {
    this.#root = root;
  }

  /** A file and all that it imports, now or later, in the tree. */
  closure(path: string): ReadonlySet<string> {
    const found = new Set<string>();
    const open = [path];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (found.has(file)) continue;
      found.add(file);
      open.push(...this.#importsOf(file));
    }
    return found;
  }

  /** The same for as long as nothing changes of these files and of all that they import. */
  hash(...paths: readonly string[]): string {
    const hash = createHash("sha256");
    const files = new Set(paths.flatMap((path) => [...this.closure(path)]));
    for (const file of [...files].sort()) hash.update(`${file} ${this.#hashOf(file)}\n`);
    return hash.digest("hex");
  }

  #importsOf(path: string): readonly string[] {
    let imports = this.#imports.get(path);
    if (imports === undefined) this.#imports.set(path, imports = this.#readImports(path));
    return imports;
  }

  #readImports(path: string): string[] {
    if (!/\.tsx?$/.test(path)) return [];
    const { importedFiles } = ts.preProcessFile(Deno.readTextFileSync(`${this.#root}/${path}`), true, true);
    return importedFiles.map(({ fileName }) => fileName)
      .filter((name) => name.startsWith("."))
      .map((name) => new URL(name, `file:///${path}`).pathname.slice(1))
      .filter((file) => this.#hashOf(file) !== "");
  }

  /** Empty if there is no such file. */
  #hashOf(path: string): string {
    let hash = this.#hashes.get(path);
    if (hash !== undefined) return hash;
    try {
      hash = createHash("sha256").update(Deno.readFileSync(`${this.#root}/${path}`)).digest("hex");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      hash = "";
    }
    this.#hashes.set(path, hash);
    return hash;
  }
}
