import { instrument } from "./instrument.ts";
import type { Mutant } from "./mutant.ts";

/** A copy of the tree with every mutant in it; gone when it is disposed of. */
export class MutatedTree implements Disposable {
  readonly root = Deno.makeTempDirSync({ prefix: "redpkt-mutate-" });
  readonly mutants: readonly Mutant[];

  /**
   * @param from the tree's root
   * @param files sources to change
   * @param switchFile the switch, in the tree
   */
  constructor(from: string, files: readonly string[], switchFile: string) {
    const mutants: Mutant[] = [];
    for (const path of filesOf(from)) {
      Deno.mkdirSync(`${this.root}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      if (!files.includes(path)) {
        Deno.copyFileSync(`${from}/${path}`, `${this.root}/${path}`);
        continue;
      }
      const { text, changes } = instrument(
        path,
        Deno.readTextFileSync(`${from}/${path}`),
        mutants.length,
        switchFile,
      );
      for (const { node: _node, ...mutant } of changes) mutants.push(mutant);
      Deno.writeTextFileSync(`${this.root}/${path}`, text);
    }
    this.mutants = mutants;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
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
