/** The text of a file of the kernel, or undefined if there is none or it may not be read. Never prompts. */
export function readKernelText(path: string): string | undefined {
  try {
    // Asked first: without the permission the read would stop and ask whoever sits at the terminal.
    if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}

/** The numbers in a file of the kernel; undefined if there are none. */
export function readKernelNumbers(path: string): number[] | undefined {
  const words = readKernelText(path)?.trim().split(/\s+/) ?? [];
  const numbers = words.map(Number);
  return words.length === 0 || numbers.some(Number.isNaN) ? undefined : numbers;
}
