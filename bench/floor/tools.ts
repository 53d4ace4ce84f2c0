/** The rulers in C beside this file, compiled when a bench wants them: `c/` says what each is. */
import { z } from "zod";

const SOURCES = decodeURIComponent(new URL("./c", import.meta.url).pathname);
const COMPILERS = ["cc", "gcc", "clang"];

/** Executables by what they are for. */
export interface Tools {
  /** The load generator. */
  readonly load: string;
  /** The bare server. */
  readonly floor: string;
  readonly memoryLatency: string;
}

/** Compiles the rulers into a folder; or says in a line why it can't be done here. */
export async function buildTools(
  folder: string,
  compilers: readonly string[] = COMPILERS,
  flags: readonly string[] = [],
): Promise<Tools | { readonly why: string }> {
  if (Deno.build.os !== "linux") return { why: `they are for Linux, and this is ${Deno.build.os}` };
  const compiler = await firstCompiler(compilers);
  if (compiler === undefined) {
    return { why: `no C compiler is installed (${compilers.join(", ")}): install gcc` };
  }
  const build = async (name: string) => {
    const args = ["-O2", "-Wall", "-Wextra", ...flags, "-o", `${folder}/${name}`, `${SOURCES}/${name}.c`];
    const { success, stderr } = await new Deno.Command(compiler, { args }).output();
    return success ? "" : new TextDecoder().decode(stderr);
  };
  const faults = await Promise.all(["load", "floor_server", "memory_latency"].map(build));
  const fault = faults.find((text) => text !== "");
  if (fault !== undefined) return { why: `${compiler} can't compile them: ${fault}` };
  return {
    load: `${folder}/load`,
    floor: `${folder}/floor_server`,
    memoryLatency: `${folder}/memory_latency`,
  };
}

/** How long a random read takes in ns, by MiB that are read from. */
export async function memoryLatency(tools: Tools): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await new Deno.Command(tools.memoryLatency).output();
  return z.record(z.string(), z.number().positive()).parse(JSON.parse(new TextDecoder().decode(stdout)));
}

async function firstCompiler(compilers: readonly string[]): Promise<string | undefined> {
  for (const compiler of compilers) {
    try {
      const { success } = await new Deno.Command(compiler, { args: ["--version"] }).output();
      if (success) return compiler;
    } catch {
      // Not here: the next one.
    }
  }
  return undefined;
}
