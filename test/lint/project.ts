/** Where in the project a file is, for rules that differ from folder to folder. */

const ROOT = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** A file's path from the top of the project, with `/`; what is already relative stays as it is. */
export function projectPath(filename: string): string {
  const path = filename.replace(/^file:\/\//, "").replaceAll("\\", "/");
  // On Windows a URL's path begins with a slash in front of the drive letter.
  for (const root of [ROOT, ROOT.slice(1)]) if (path.startsWith(root)) return path.slice(root.length);
  return path.replace(/^\.\//, "");
}

/** Whether a file is a test or a bench: it may import anything and start helpers of its own. */
export function isTest(path: string): boolean {
  return path.startsWith("test/") || path.startsWith("bench/") || /_(test|bench)\.tsx?$/.test(path);
}

/** The project path that a relative specifier names, or undefined if it names a package. */
export function resolveSpecifier(fromPath: string, specifier: string): string | undefined {
  if (!/^\.{0,2}\//.test(specifier)) return undefined;
  const path = new URL(specifier, `file:///${fromPath}`).pathname;
  return path.slice(1);
}
