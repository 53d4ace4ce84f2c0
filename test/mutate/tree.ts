import { instrument } from "./instrument.ts";
import type { Mutant } from "./mutant.ts";

/** A copy of the tree with every mutant in it. */
export class MutatedTree implements Disposable {
  readonly root: string;
  readonly mutants: readonly Mutant[];
  readonly #isKept: boolean;

  /**
   * @param from the tree's root
   * @param files sources to change
   * @param switchFile the switch, in the tree
   * @param kept where the copy lies and stays, so that what was compiled of it counts in the next run; else it is gone
   * when it is disposed of
   */
  constructor(from: string, files: readonly string[], switchFile: string, kept?: string) {
    this.#isKept = kept !== undefined;
    this.root = kept ?? Deno.makeTempDirSync({ prefix: "redpkt-mutate-" });
    Deno.mkdirSync(this.root, { recursive: true });
    const mutants: Mutant[] = [];
    const paths = filesOf(from);
    for (const path of paths) {
      Deno.mkdirSync(`${this.root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      if (!files.includes(path)) {
        Deno.copyFileSync(`${from}/${path}`, `${this.root}/${path}`);
        continue;
      }
      const original = Deno.readTextFileSync(`${from}/${path}`);
      const { text, changes } = instrument(path, original, mutants.length, switchFile);
      for (const { node: _node, ...mutant } of changes) mutants.push(mutant);
      Deno.writeTextFileSync(`${this.root}/${path}`, text);
    }
    this.mutants = mutants;
    const wanted = new Set(paths);
    for (const path of filesOf(this.root)) if (!wanted.has(path)) Deno.removeSync(`${this.root}/${path}`);
  }

  [Symbol.dispose](): void {
    if (!this.#isKept) Deno.removeSync(this.root, { recursive: true });
  }
}

const LEFT = new Set([".git", "node_modules", "out", "dist"]);

/** Every file below a folder, by its path there. */
export function filesOf(root: string, below = ""): string[] {
  const found: string[] = [];
  for (const { name, isDirectory, isFile } of Deno.readDirSync(`${root}/${below}`)) {
    const path = below === "" ? name : `${below}/${name}`;
    if (isDirectory && !LEFT.has(name)) found.push(...filesOf(root, path));
    else if (isFile && name !== ".git") found.push(path);
  }
  return found.sort();
}

/** The TypeScript files of a list of files and folders. */
export function sourcesOf(root: string, places: readonly string[]): string[] {
  const files = places.flatMap((place) =>
    place.endsWith(".ts") ? [place] : filesOf(root, place.replace(/\/$/, ""))
  );
  return [...new Set(files)].filter((path) => path.endsWith(".ts")).sort();
}
