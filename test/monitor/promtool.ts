/** Where promtool is, which tests of metrics and alert rules ask; undefined, with a word, if there is none. */
export async function findPromtool(): Promise<string | undefined> {
  if (await isThere("promtool")) return "promtool";
  console.log("no promtool found: tests with it are skipped (Debian: apt-get install prometheus)");
  return undefined;
}

/** Whether a program can be started. */
export async function isThere(program: string): Promise<boolean> {
  try {
    const quiet = { stdout: "null", stderr: "null" } as const;
    return (await new Deno.Command(program, { args: ["--version"], ...quiet }).output()).success;
  } catch {
    return false;
  }
}
