/**
 * Who may import whom. `core/` is mechanism and knows no meaning; a plugin sees the contract and nothing else, so that
 * it can be read, tested and replaced alone; a scenario is data. Only `main.ts` knows everybody.
 */
import { isTest, projectPath, resolveSpecifier } from "./project.ts";

const CONTRACT = "core/plugin/plugin.ts";
/** The list of what comes with redpkt: it belongs to no plugin, and knows them all. */
const BUILT_IN = "plugins/built_in.ts";
/** Holds the version. */
const CONFIGURATION = "deno.json";

/** What is wrong with an import, and what to do instead. */
interface Objection {
  message: string;
  hint: string;
}

type Judge = (fromPath: string, specifier: string, isTypeOnly: boolean) => Objection | undefined;

const judgeByArea: Record<string, Judge> = {
  core: judgeCore,
  plugins: judgePlugin,
  scenarios: judgeScenario,
};

function judgeCore(fromPath: string, specifier: string): Objection | undefined {
  const path = resolveSpecifier(fromPath, specifier);
  if (path === undefined || path.startsWith("core/") || path === CONFIGURATION) return undefined;
  return {
    message: `core/ imports nothing of the project outside core/, here ${path}`,
    hint: "Take it as an argument and pass it in main.ts, the only place that knows core and plugins.",
  };
}

function judgePlugin(fromPath: string, specifier: string): Objection | undefined {
  const path = resolveSpecifier(fromPath, specifier);
  if (path === undefined) {
    return /^(npm:)?zod\b/.test(specifier)
      ? { message: "A plugin has zod from the contract", hint: `import { z } from "<up>/${CONTRACT}";` }
      : undefined;
  }
  const ownFolder = /^plugins\/(?:[^/]+\/)?/.exec(fromPath)![0];
  if (path === CONTRACT || path.startsWith(ownFolder)) return undefined;
  if (path.startsWith("plugins/")) {
    return {
      message: `A plugin imports no other plugin, here ${path}`,
      hint: "Move what both need into the contract as mechanism, or let one tell the other by frames.",
    };
  }
  return {
    message: `A plugin imports its own folder and ${CONTRACT} only, here ${path}`,
    hint: `If the contract lacks something, export it from ${CONTRACT} or hand it in by the context.`,
  };
}

function judgeScenario(fromPath: string, specifier: string, isTypeOnly: boolean): Objection | undefined {
  const path = resolveSpecifier(fromPath, specifier);
  if (path?.startsWith("scenarios/") || (isTypeOnly && path?.startsWith("core/"))) return undefined;
  return {
    message: `A scenario imports types of core/ only, here ${path ?? specifier}`,
    hint: "Write `import type`; a scenario is a preset without logic, what it needs to do belongs in core/.",
  };
}

/** Imports stay inside the boundaries of the tree. */
export const importBoundaries: Deno.lint.Rule = {
  create(context) {
    const fromPath = projectPath(context.filename);
    const judge = judgeByArea[fromPath.split("/")[0]];
    if (judge === undefined || isTest(fromPath) || fromPath === BUILT_IN) return {};

    function check(node: Deno.lint.Node, specifier: string | undefined, isTypeOnly: boolean): void {
      if (specifier === undefined) return;
      const objection = judge(fromPath, specifier, isTypeOnly);
      if (objection !== undefined) context.report({ node, ...objection });
    }

    return {
      ImportDeclaration(node) {
        const { importKind, specifiers } = node;
        const isTypeOnly = importKind === "type" || (specifiers.length > 0 &&
          specifiers.every((one) => one.type === "ImportSpecifier" && one.importKind === "type"));
        check(node, node.source.value, isTypeOnly);
      },
      ExportAllDeclaration: (node) => check(node, node.source.value, node.exportKind === "type"),
      ExportNamedDeclaration: (node) => check(node, node.source?.value, node.exportKind === "type"),
      ImportExpression: (node) => check(node, literalText(node.source), false),
      TSImportType(node) {
        const argument: Deno.lint.Node = node.argument;
        check(node, argument.type === "TSLiteralType" ? literalText(argument.literal) : undefined, true);
      },
    };
  },
};

function literalText(node: Deno.lint.Node): string | undefined {
  return node.type === "Literal" && typeof node.value === "string" ? node.value : undefined;
}
