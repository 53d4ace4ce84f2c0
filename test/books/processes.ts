/** Processes that one process has started and that live, by what the kernel says. */
export async function childrenOf(parent: number): Promise<number[]> {
  const children: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = await Deno.readTextFile(`/proc/${name}/stat`);
      // The name of the program, in brackets, may hold anything.
      const [, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (Number(ppid) === parent) children.push(Number(name));
    } catch {
      // it has ended meanwhile
    }
  }
  return children;
}

/** Processes whose working folder this is. */
export async function processesIn(folder: string): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (await Deno.readLink(`/proc/${name}/cwd`) === folder) found.push(Number(name));
    } catch {
      // it has ended meanwhile, or is somebody else's
    }
  }
  return found;
}
