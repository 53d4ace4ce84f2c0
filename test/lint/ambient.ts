/**
 * No ambient time and no ambient randomness: whoever needs them is given a clock and a generator, which is what makes a
 * run replayable from its seed. One module each reads the machine's.
 */
import { isTest, projectPath } from "./project.ts";

/** One kind of ambient thing, the module that may touch it, and what everybody else does. */
interface Kind {
  readonly module: string;
  readonly hint: string;
}

const TIME: Kind = {
  module: "core/base/clock.ts",
  hint: "Take `nowMs` as an argument, or a Clock (core/base/clock.ts); only main.ts picks `systemClock`.",
};
const TIMER: Kind = {
  module: "core/base/clock.ts",
  hint:
    "In a loop or plugin use its tick. Control code on the main thread uses `sleep`, `after` or `every` " +
    "of core/base/clock.ts.",
};
const RANDOM: Kind = {
  module: "core/base/random.ts",
  hint: "Take a Random (core/base/random.ts), forked from the seed; a fresh seed is `systemSeed()`.",
};

/** By dotted name, without `globalThis.`. */
const ambientNames: Readonly<Record<string, Kind>> = {
  "Date.now": TIME,
  "performance.now": TIME,
  "performance.timeOrigin": TIME,
  "process.hrtime": TIME,
  "Deno.hrtime": TIME,
  "Temporal.Now": TIME,
  "setTimeout": TIMER,
  "setInterval": TIMER,
  "Math.random": RANDOM,
  "crypto.getRandomValues": RANDOM,
  "crypto.randomUUID": RANDOM,
};

/** Exports of Node's modules that are the same by another name; `*` stands for the whole module. */
const ambientImports: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  "node:timers": { setTimeout: TIMER, setInterval: TIMER, "*": TIMER },
  "node:timers/promises": { setTimeout: TIMER, setInterval: TIMER, scheduler: TIMER, "*": TIMER },
  "node:perf_hooks": { performance: TIME, "*": TIME },
  "node:crypto": { randomBytes: RANDOM, randomInt: RANDOM, randomUUID: RANDOM, getRandomValues: RANDOM },
};

/** Time and randomness come from their one module each. */
export const noAmbient: Deno.lint.Rule = {
  create(context) {
    const path = projectPath(context.filename);
    if (!/^(core|plugins)\//.test(path) || isTest(path)) return {};

    /** Starts of what was reported: `{ setTimeout }` is visited as key and as value. */
    const reported = new Set<number>();

    function report(node: Deno.lint.Node, name: string, kind: Kind | undefined): void {
      if (kind === undefined || path === kind.module || reported.has(node.range[0])) return;
      reported.add(node.range[0]);
      context.report({ node, message: `${name} is for ${kind.module} alone`, hint: kind.hint });
    }

    function checkCall(node: Deno.lint.NewExpression | Deno.lint.CallExpression): void {
      if (dottedName(node.callee) !== "Date") return;
      // `new Date(ms)` only formats; `Date(...)` without `new` is always the present time.
      if (node.type === "CallExpression" || node.arguments.length === 0) {
        report(node, "The present Date", TIME);
      }
    }

    return {
      MemberExpression(node) {
        const name = dottedName(node);
        if (name !== undefined) report(node, name, ambientNames[name]);
      },
      Identifier(node) {
        if (node.name in ambientNames && isUse(node)) report(node, node.name, ambientNames[node.name]);
      },
      NewExpression: checkCall,
      CallExpression: checkCall,
      VariableDeclarator(node) {
        const from = node.init && dottedName(node.init);
        if (!from || node.id.type !== "ObjectPattern") return;
        for (const property of node.id.properties) {
          if (property.type !== "Property" || property.key.type !== "Identifier") continue;
          const name = withoutGlobal(`${from}.${property.key.name}`);
          report(property, name, ambientNames[name]);
        }
      },
      ImportDeclaration(node) {
        const kinds = ambientImports[node.source.value];
        if (kinds === undefined) return;
        for (const specifier of node.specifiers) {
          const name = specifier.type === "ImportSpecifier" ? importedName(specifier) : "*";
          report(specifier, `${name} of ${node.source.value}`, kinds[name]);
        }
      },
    };
  },
};

function importedName({ imported }: Deno.lint.ImportSpecifier): string {
  return imported.type === "Identifier" ? imported.name : imported.value;
}

/** `a.b`, `a?.b` and `a["b"]` as "a.b", a plain name as itself; undefined for what has no fixed name. */
function dottedName(node: Deno.lint.Node): string | undefined {
  if (node.type === "Identifier") return node.name;
  if (node.type === "ChainExpression") return dottedName(node.expression);
  if (node.type !== "MemberExpression") return undefined;
  const object = dottedName(node.object);
  const property = propertyName(node);
  return object === undefined || property === undefined ? undefined : withoutGlobal(`${object}.${property}`);
}

/** The name behind the dot of a member expression. */
export function propertyName({ computed, property }: Deno.lint.MemberExpression): string | undefined {
  if (!computed) return property.type === "Identifier" ? property.name : undefined;
  return property.type === "Literal" && typeof property.value === "string" ? property.value : undefined;
}

function withoutGlobal(name: string): string {
  return name.replace(/^(globalThis|self|window)\./, "");
}

/** Whether an identifier is a value that is used, and not a type, a key or somebody else's property. */
function isUse(node: Deno.lint.Identifier): boolean {
  const parent: Deno.lint.Node = node.parent;
  switch (parent.type) {
    case "MemberExpression":
      return parent.computed || !sameRange(parent.property, node);
    case "Property":
      return parent.computed || parent.shorthand || !sameRange(parent.key, node);
    case "TSTypeQuery":
    case "ImportSpecifier":
    case "MethodDefinition":
    case "PropertyDefinition":
    case "TSMethodSignature":
    case "TSPropertySignature":
      return false;
    default:
      return true;
  }
}

function sameRange(a: Deno.lint.Node, b: Deno.lint.Node): boolean {
  return a.range[0] === b.range[0] && a.range[1] === b.range[1];
}
