import assert from "node:assert/strict";
import { bundle } from "./browser_bundle.ts";

Deno.test("modules of the same names become one script, without types, each once", () => {
  const script = bundle("a/main.ts", {
    "a/main.ts": `/** Doc. */
import { type T, twice, value as mine } from "./b/b.ts";
import type { Gone } from "./gone.ts";
import { again } from "./c.ts";
const value: T = mine;
globalThis.found = [value, twice(2), again(), ({} as Gone) !== undefined];
`,
    "a/b/b.ts": `import { value as one } from "../c.ts";
export type T = number;
/**
 * A doc
 * of lines.
 */
export function twice(n: number): number {
  return 2 * n;
}
export const value = one + 1;
`,
    "a/c.ts": `let loads = 0;
loads++;
export const value = 10;
export function again() {
  return loads;
}
export { twice } from "./d.ts";
`,
    "a/d.ts": `export async function twice() {}`,
  });
  assert.ok(!/doc|type T|^(?:import|export)/im.test(script), script);
  const scope: { found?: unknown } = {};
  new Function("globalThis", script)(scope);
  assert.deepEqual(scope.found, [11, 4, 1, true]);
});

Deno.test("what is shorter means the same: texts, patterns and blanks in them stay, private members are private", () => {
  const script = bundle("a.ts", {
    "a.ts": `class Counter {
  static #made = 0;
  #count = 0;
  get #twice(): number {
    return 2 * this.#count;
  }
  add(more: number = 1): string {
    Counter.#made++;
    this.#count += more;
    return "a  =  " + \`\${this.#twice} : {  }\` + ("x = , y".match(/ = , /)?.[0] ?? "");
  }
}
const one   : Counter = new Counter();
globalThis.found = [one.add(), one.add(2), "#count" in one];
`,
  });
  assert.ok(!/#count\b(?!")|#made/.test(script), script);
  const scope: { found?: unknown } = {};
  new Function("globalThis", script)(scope);
  assert.deepEqual(scope.found, ["a  =  2 : {  } = , ", "a  =  6 : {  } = , ", false]);
});

Deno.test("what the bundle has no way for is a fault, and not a script that fails on a phone", () => {
  assert.throws(() => bundle("a.ts", { "a.ts": `export default 1;` }), /no way for export default/);
  assert.throws(() => bundle("a.ts", { "a.ts": `import * as b from "./b.ts";` }), /no way for import/);
  assert.throws(
    () => bundle("a.ts", { "a.ts": `import { b } from "./b.ts";` }),
    /b\.ts is among the sources/,
  );
  const round = {
    "a.ts": `import { b } from "./b.ts";\nexport const a = b;`,
    "b.ts": `import { a } from "./a.ts";\nexport const b = a;`,
  };
  assert.throws(() => bundle("a.ts", round), /import each other/);
});
