const ROOT = new URL("../..", import.meta.url).pathname;

/** The commit that this is, with `+` if something was changed since; `unknown` outside of a clone. */
export async function commitOf(): Promise<string> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", { args: ["-C", ROOT, ...args], stderr: "null" })
      .output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  try {
    const hash = await git("rev-parse", "--short=12", "HEAD");
    const changed = await git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs", ":!*.md");
    return hash === undefined ? "unknown" : hash + (changed === "" ? "" : "+");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "unknown";
    throw error;
  }
}
