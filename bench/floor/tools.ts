/**
 * The load generator and the bare server in C. They belong to another collection, lie beside this repository, and are
 * compiled where they lie: no copy is kept.
 */

/** Where they lie unless `--tools` says otherwise. */
export const TOOLS_FOLDER = decodeURIComponent(new URL("../../../shared/tools", import.meta.url).pathname);

export interface Tools {
  /** Path of the load generator. */
  readonly load: string;
  /** Path of the bare server. */
  readonly floor: string;
}

/** Compiles both into `target`; or says why it can't be done here. */
export async function buildTools(source: string, target: string): Promise<Tools | { readonly why: string }> {
  if (Deno.build.os !== "linux") return { why: `they are for Linux, and this is ${Deno.build.os}` };
  const compiler = await firstCompiler();
  if (compiler === undefined) return { why: "no C compiler is installed (cc, gcc or clang)" };
  for (const name of ["hbload", "hbfloor"]) {
    const file = `${source}/${name}.c`;
    try {
      await Deno.stat(file);
    } catch {
      return { why: `there is no ${file}; --tools DIR says where it is` };
    }
    const args = ["-O2", "-o", `${target}/${name}`, file];
    const { success, stderr } = await new Deno.Command(compiler, { args }).output();
    if (!success) return { why: `${compiler} can't compile ${file}: ${new TextDecoder().decode(stderr)}` };
  }
  return { load: `${target}/hbload`, floor: `${target}/hbfloor` };
}

async function firstCompiler(): Promise<string | undefined> {
  for (const compiler of ["cc", "gcc", "clang"]) {
    try {
      const { success } = await new Deno.Command(compiler, { args: ["--version"] }).output();
      if (success) return compiler;
    } catch {
      // Not here: the next one.
    }
  }
  return undefined;
}
