/**
 * How threads start and end. The whole program is one entry file, so that it can be packed into one; and a thread ends
 * by its own order, since memory and sockets that the kernel shares with it outlive a thread that is killed.
 */
import { propertyName } from "./ambient.ts";
import { isTest, projectPath } from "./project.ts";

/** A worker is never killed. Holds in tests too. */
export const noTerminate: Deno.lint.Rule = {
  create(context) {
    return {
      MemberExpression(node) {
        if (propertyName(node) !== "terminate") return;
        context.report({
          node,
          message: "Worker.terminate() leaves rings, sockets and their clients hanging",
          hint:
            "Tell the worker to stop (mailbox or message); it shuts down in its own order and calls self.close().",
        });
      },
    };
  },
};

const START_HINT =
  "Start the program's one entry as the worker: its URL comes from main.ts, the role goes in the worker's name.";

/** The program is its own worker: no module of its own is named by file for a thread. */
export const oneEntry: Deno.lint.Rule = {
  create(context) {
    if (isTest(projectPath(context.filename))) return {};
    return {
      NewExpression(node) {
        if (node.callee.type !== "Identifier") return;
        const [first, second] = node.arguments;
        if (node.callee.name === "URL" && second && isModuleUrl(second) && namesScript(first)) {
          context.report({ node, message: "A bundle doesn't hold a script named by URL", hint: START_HINT });
        }
        if (node.callee.name === "Worker" && (namesScript(first) || isResolveCall(first))) {
          context.report({ node, message: "A worker isn't started by the name of a file", hint: START_HINT });
        }
      },
    };
  },
};

/** `import.meta.url` */
function isModuleUrl(node: Deno.lint.Node): boolean {
  return node.type === "MemberExpression" && node.object.type === "MetaProperty" &&
    propertyName(node) === "url";
}

/** `import.meta.resolve(...)` */
function isResolveCall(node: Deno.lint.Node): boolean {
  return node.type === "CallExpression" && node.callee.type === "MemberExpression" &&
    node.callee.object.type === "MetaProperty";
}

/** A text that ends as a script's name does. */
function namesScript(node: Deno.lint.Node): boolean {
  const text = node.type === "Literal"
    ? String(node.value)
    : node.type === "TemplateLiteral"
    ? node.quasis.at(-1)!.cooked
    : "";
  return /\.[mc]?[jt]sx?$/.test(text);
}
