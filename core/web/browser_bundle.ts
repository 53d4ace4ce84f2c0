/** Makes one script for browsers out of modules that are there as text: types go, each module keeps its own names. */
import { stripTypeScriptTypes } from "node:module";
import { assert } from "../base/assert.ts";

/** `import { a, b as c } from "./x.ts";` */
const IMPORT = /^import \{([^}]*)\} from "([^"]+)";$/gm;
/** `export { a } from "./x.ts";` */
const EXPORT_FROM = /^export \{([^}]*)\} from "([^"]+)";$/gm;
const EXPORTED = /^export (?:async )?(?:function\*?|class|const) (\w+)/gm;
/** Whatever else would make a module of what is left. */
const OTHER = /^(?:import|export)\b.*$/m;

/**
 * @param entry path of the module that runs, such as `core/phone/page/main.ts`
 * @param sources every module that it reaches, by path
 */
export function bundle(entry: string, sources: Readonly<Record<string, string>>): string {
  const order: string[] = [];
  const texts: string[] = [];
  const places = new Map<string, number>();

  function add(path: string): string {
    const known = places.get(path);
    if (known !== undefined) {
      assert(known >= 0, `${path} and what it imports import each other`);
      return `m${known}`;
    }
    assert(Object.hasOwn(sources, path), `${path} is among the sources of the bundle`);
    places.set(path, -1);
    const text = wrap(path, sources[path], add);
    places.set(path, order.length);
    order.push(path);
    texts.push(text);
    return `m${order.length - 1}`;
  }

  add(entry);
  return `"use strict";\n${texts.map((text, i) => `const m${i} = (() => {\n${text}\n})();`).join("\n")}\n`;
}

function wrap(path: string, source: string, add: (path: string) => string): string {
  const from = (specifier: string) => add(new URL(specifier, `file:///${path}`).pathname.slice(1));
  const exported: string[] = [];
  let text = stripTypeScriptTypes(source)
    .replaceAll(/^import\s*\{[^}]*\}\s*from\s*"[^"]+";/gm, (found) => found.replaceAll(/\s+/g, " "))
    .replaceAll(/^export\s*\{[^}]*\}\s*from\s*"[^"]+";/gm, (found) => found.replaceAll(/\s+/g, " "));
  text = text.replaceAll(IMPORT, (_, names: string, specifier: string) => {
    const bound = namesOf(names);
    // What was imported for its types alone is nothing here.
    if (bound.length === 0) return "";
    return `const { ${bound.map(([name, as]) => name === as ? name : `${name}: ${as}`).join(", ")} } = ${
      from(specifier)
    };`;
  });
  text = text.replaceAll(EXPORT_FROM, (_, names: string, specifier: string) => {
    const bound = namesOf(names);
    if (bound.length === 0) return "";
    const module = from(specifier);
    exported.push(...bound.map(([name, as]) => `${as}: ${module}.${name}`));
    return "";
  });
  for (const [, name] of text.matchAll(EXPORTED)) exported.push(name);
  text = text.replaceAll(/^export (?=(?:async )?(?:function|class|const)\b)/gm, "");
  const strange = OTHER.exec(text);
  assert(strange === null, `${path}: the bundle has no way for ${strange?.[0]}`);
  const lines = text.split("\n").map((line) => squeezed(line).trim())
    .filter((line) => !/^(?:\/\/.*|\/\*\*.*\*\/)?$/.test(line));
  // Within a text of several lines blanks would count.
  assert(lines.every((line) => line.split("`").length % 2 === 1), `${path}: no text goes over several lines`);
  return [
    ...withoutDocs(lines).map(shortNames()),
    ...(exported.length === 0 ? [] : [`return { ${exported.join(", ")} };`]),
  ]
    .join("\n");
}

function namesOf(list: string): (readonly [string, string])[] {
  return list.split(",").map((name) => name.trim()).filter((name) => name !== "").map((name) => {
    const [from, as = from] = name.split(" as ");
    return [from, as] as const;
  });
}

/** A line without the blanks that mean nothing: where types were, and around signs. Those within texts stay. */
function squeezed(line: string): string {
  // A regular expression may hold anything: its blanks and quotes are left as they are.
  if (/[^<*/]\/[^/*]/.test(line)) return line;
  return line.replaceAll(
    /("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`)| +([=<>!&|?:{}(),;]+) *| *([=<>!&|?:{}(),;]+) +| {2,}/g,
    (_, text = "", after = "", before = "") => text || after || before || " ",
  );
}

/** Gives private members short names, each its own in the module: nobody outside says them. */
function shortNames(): (line: string) => string {
  const short = new Map<string, string>();
  return (line) =>
    line.replaceAll(
      /((?:\.|^|\b(?:async|get|set|static) )#)([a-zA-Z]\w*)/g,
      (_, before: string, name: string) => {
        if (!short.has(name)) short.set(name, `p${short.size.toString(36)}`);
        return before + short.get(name);
      },
    );
}

/** Doc comments of several lines go too: they are for who reads the source. */
function withoutDocs(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let isDoc = false;
  for (const line of lines) {
    if (/^\s*\/\*\*/.test(line)) isDoc = true;
    if (!isDoc) kept.push(line);
    if (isDoc && /\*\/\s*$/.test(line)) isDoc = false;
  }
  return kept;
}
