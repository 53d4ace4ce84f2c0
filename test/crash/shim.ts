/** A disk that loses power or fails, under a real process: see `shim.c`. */

/** Why there is no shim here; undefined if there is. */
export function whyNoShim(): string | undefined {
  if (Deno.build.os !== "linux") return "it preloads into a Linux process";
  try {
    return compiler() === undefined ? "there is no C compiler" : undefined;
  } catch {
    return "there is no C compiler";
  }
}

/** Compiles the shim; returns the path of the library, which the caller removes. */
export async function buildShim(): Promise<string> {
  const library = await Deno.makeTempFile({ prefix: "redpkt-shim-", suffix: ".so" });
  const source = new URL("./shim.c", import.meta.url).pathname;
  const { success, stderr } = await new Deno.Command(compiler()!, {
    args: ["-O1", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return library;
}

/** A fault that writes and syncs have now and then. */
export interface ShimFault {
  readonly kind: "eio" | "enospc";
  /** How the name of the file ends that fails; absent: all of them. */
  readonly file?: string | undefined;
  readonly seed: number;
  /** Calls between two spells of it on average, and of a spell at most. */
  readonly every: number;
  readonly spell: number;
}

/** The environment in which a process sees the shim. */
export function shimEnv(library: string, directory: string, fault?: ShimFault): Record<string, string> {
  return {
    LD_PRELOAD: library,
    REDPKT_SHIM_DIR: directory,
    ...(fault === undefined ? {} : {
      REDPKT_SHIM_FAULT: fault.kind,
      ...(fault.file === undefined ? {} : { REDPKT_SHIM_FILE: fault.file }),
      REDPKT_SHIM_SEED: String(fault.seed),
      REDPKT_SHIM_EVERY: String(fault.every),
      REDPKT_SHIM_SPELL: String(fault.spell),
    }),
  };
}

/** The same, with faults that a test writes into a file at any time: see {@linkcode failNow}. */
export function shimEnvNow(library: string, directory: string, control: string): Record<string, string> {
  return { ...shimEnv(library, directory), REDPKT_SHIM_NOW: control };
}

/** From now on every write, sync and link of files with such an ending fails; of none without a fault. */
export async function failNow(control: string, fault?: Pick<ShimFault, "kind" | "file">): Promise<void> {
  await Deno.writeTextFile(`${control}.new`, fault === undefined ? "" : `${fault.kind} ${fault.file ?? ""}`);
  await Deno.rename(`${control}.new`, control);
}

/** After the process was killed: every write that was not synced is gone. */
export async function losePower(directory: string): Promise<void> {
  for await (const { name } of Deno.readDir(directory)) {
    const path = `${directory}/${name}`;
    if (name.endsWith("-shm")) await Deno.remove(path);
    else if (name.endsWith(".disk")) await Deno.copyFile(path, path.slice(0, -".disk".length));
  }
}

/** After the process was killed without a power loss: the kernel has everything that was written. */
export async function keepPower(directory: string): Promise<void> {
  for await (const { name } of Deno.readDir(directory)) {
    if (name.endsWith(".disk")) await Deno.remove(`${directory}/${name}`);
  }
}

function compiler(): string | undefined {
  return ["cc", "gcc", "clang"].find((name) => {
    try {
      return new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync()
        .success;
    } catch {
      return false;
    }
  });
}
