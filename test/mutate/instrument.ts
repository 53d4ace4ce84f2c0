import ts from "typescript";
import { type Change, findMutants } from "./find.ts";

export interface Instrumented {
  readonly text: string;
  readonly changes: readonly Change[];
}

/**
 * Puts every mutant of a file into it, each behind a question to the switch, so that one copy of the tree is checked and
 * transpiled once and any mutant can be turned on in a process that runs.
 *
 * @param switchFile where the tree has the switch
 */
export function instrument(file: string, text: string, firstId: number, switchFile: string): Instrumented {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const changes = findMutants(file, source, firstId);
  const at = new Map<ts.Node, Change[]>();
  for (const change of changes) at.set(change.node, [...at.get(change.node) ?? [], change]);
  const up = "../".repeat(file.split("/").length - 1) || "./";
  const body = render(source, source, at);
  return { text: `import { $m } from "${up}${switchFile}"; ${body}`, changes };
}

/** A node's text with all that is below it instrumented. */
function render(node: ts.Node, source: ts.SourceFile, at: ReadonlyMap<ts.Node, Change[]>): string {
  const { text } = source;
  let out = "";
  let from = node.getStart(source);
  if (ts.isSourceFile(node)) from = 0;
  ts.forEachChild(node, (child) => {
    const start = child.getStart(source);
    out += text.slice(from, start) + render(child, source, at);
    from = child.end;
  });
  out += text.slice(from, node.end);
  const here = at.get(node) ?? [];
  for (const { id, after, node } of here) {
    if (ts.isExpressionStatement(node)) out = `{ if (!$m(${id})) { ${out} } }`;
    else out = `($m(${id}) ? (${after}) : (${out}))`;
  }
  return out;
}
