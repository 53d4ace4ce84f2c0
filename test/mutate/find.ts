import ts from "typescript";
import type { Mutant, MutantKind } from "./mutant.ts";

/** What may stand instead of an operator. */
const BINARY: ReadonlyMap<ts.SyntaxKind, readonly (readonly [MutantKind, string])[]> = new Map(
  [
    [ts.SyntaxKind.LessThanToken, [["boundary", "<="], ["condition", ">="]]],
    [ts.SyntaxKind.LessThanEqualsToken, [["boundary", "<"], ["condition", ">"]]],
    [ts.SyntaxKind.GreaterThanToken, [["boundary", ">="], ["condition", "<="]]],
    [ts.SyntaxKind.GreaterThanEqualsToken, [["boundary", ">"], ["condition", "<"]]],
    [ts.SyntaxKind.EqualsEqualsEqualsToken, [["equality", "!=="]]],
    [ts.SyntaxKind.ExclamationEqualsEqualsToken, [["equality", "==="]]],
    [ts.SyntaxKind.AmpersandAmpersandToken, [["logic", "||"]]],
    [ts.SyntaxKind.BarBarToken, [["logic", "&&"]]],
    [ts.SyntaxKind.PlusToken, [["arithmetic", "-"]]],
    [ts.SyntaxKind.MinusToken, [["arithmetic", "+"]]],
    [ts.SyntaxKind.AsteriskToken, [["arithmetic", "/"]]],
    [ts.SyntaxKind.SlashToken, [["arithmetic", "*"]]],
    [ts.SyntaxKind.PercentToken, [["arithmetic", "*"]]],
    [ts.SyntaxKind.AmpersandToken, [["arithmetic", "|"]]],
    [ts.SyntaxKind.BarToken, [["arithmetic", "&"]]],
    [ts.SyntaxKind.CaretToken, [["arithmetic", "&"]]],
    [ts.SyntaxKind.LessThanLessThanToken, [["arithmetic", ">>"]]],
    [ts.SyntaxKind.GreaterThanGreaterThanToken, [["arithmetic", "<<"]]],
    [ts.SyntaxKind.GreaterThanGreaterThanGreaterThanToken, [["arithmetic", "<<"]]],
    [ts.SyntaxKind.PlusEqualsToken, [["arithmetic", "-="]]],
    [ts.SyntaxKind.MinusEqualsToken, [["arithmetic", "+="]]],
  ] as const,
);

/** Calls that have a natural opposite. */
const CALLS: Readonly<Record<string, string>> = {
  some: "every",
  every: "some",
  min: "max",
  max: "min",
  floor: "ceil",
  ceil: "floor",
};

/** A change at a node: its text is replaced. */
export interface Change extends Mutant {
  readonly node: ts.Node;
}

/**
 * Whoever calls these says what can't be, so nothing can show that they are wrong (a registry's `check` is two asserts); or
 * tells a terminal how far a long command is.
 */
const UNTOUCHED_CALLS = new Set([
  "assert",
  "this.judging.check",
  "judge.check",
  "onProgress",
  "onPiece",
  "onStage",
]);

/** Finds every place of a file that can be changed. `firstId` is the first mutant's. */
export function findMutants(file: string, source: ts.SourceFile, firstId: number): Change[] {
  const found: Change[] = [];
  const text = (node: ts.Node) => node.getText(source);
  const add = (node: ts.Node, kind: MutantKind, after: string) => {
    const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
    found.push({ id: firstId + found.length, file, line, kind, before: text(node), after, node });
  };
  const visit = (node: ts.Node): void => {
    if (isUntouched(node)) return;
    if (ts.isBinaryExpression(node)) changeBinary(node);
    else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) changeUnary(node);
    else if (ts.isNumericLiteral(node) && isRunAgain(node)) {
      const value = Number(node.text);
      add(node, "literal", Number.isInteger(value) ? String(value + 1) : String(value * 2));
    } else if (node.kind === ts.SyntaxKind.TrueKeyword && isValue(node)) add(node, "literal", "false");
    else if (node.kind === ts.SyntaxKind.FalseKeyword && isValue(node)) add(node, "literal", "true");
    else if (ts.isStringLiteral(node) && isCompared(node)) add(node, "literal", `"${node.text}?"`);
    else if (ts.isCallExpression(node)) changeCall(node);
    else if (ts.isExpressionStatement(node) && isWorthRemoving(node)) add(node, "statement", "");
    const condition = conditionOf(node);
    if (condition !== undefined) {
      if (!isLoop(node)) add(condition, "condition", "true");
      add(condition, "condition", "false");
    }
    ts.forEachChild(node, visit);
  };
  const changeBinary = (node: ts.BinaryExpression) => {
    const isText = [node.left, node.right].some((side) =>
      ts.isStringLiteral(side) || ts.isTemplateExpression(side) || ts.isNoSubstitutionTemplateLiteral(side)
    );
    for (const [kind, operator] of BINARY.get(node.operatorToken.kind) ?? []) {
      if (isText && kind === "arithmetic") continue;
      add(node, kind, `${text(node.left)} ${operator} ${text(node.right)}`);
    }
    if (node.operatorToken.kind === ts.SyntaxKind.QuestionQuestionToken) add(node, "logic", text(node.left));
  };
  const changeUnary = (node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression) => {
    const operand = text(node.operand);
    if (node.operator === ts.SyntaxKind.ExclamationToken) add(node, "logic", operand);
    else if (node.operator === ts.SyntaxKind.MinusToken && !ts.isNumericLiteral(node.operand)) {
      add(node, "arithmetic", operand);
    } else if (
      node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken
    ) {
      add(node, "arithmetic", text(node).replace(/\+\+|--/, (sign) => sign === "++" ? "--" : "++"));
    }
  };
  const changeCall = (node: ts.CallExpression) => {
    if (!ts.isPropertyAccessExpression(node.expression)) return;
    const { name, expression } = node.expression;
    const other = Object.hasOwn(CALLS, name.text) ? CALLS[name.text] : undefined;
    if (other === undefined) return;
    add(node, "call", `${text(expression)}.${other}(${node.arguments.map(text).join(", ")})`);
  };
  visit(source);
  return found;
}

/** Types, imports, asserts and what an error says: nothing runs there that a test should notice. */
function isUntouched(node: ts.Node): boolean {
  return ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ||
    ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ||
    (ts.isNewExpression(node) && /Error$|Failed$|Refused$|Broken$/.test(node.expression.getText())) ||
    (ts.isCallExpression(node) && UNTOUCHED_CALLS.has(node.expression.getText())) ||
    (ts.isIfStatement(node) && node.elseStatement === undefined &&
      ts.isExpressionStatement(node.thenStatement) && isUntouched(node.thenStatement.expression));
}

function conditionOf(node: ts.Node): ts.Expression | undefined {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) return node.expression;
  if (ts.isForStatement(node) || ts.isConditionalExpression(node)) return node.condition;
  return undefined;
}

function isLoop(node: ts.Node): boolean {
  return ts.isWhileStatement(node) || ts.isDoStatement(node) || ts.isForStatement(node);
}

/** Not a property's name or an index of a type, and run more than once: a module's own constants are taken as given. */
function isRunAgain(node: ts.Node): boolean {
  if (ts.isPropertyAssignment(node.parent) && node.parent.name === node) return false;
  for (let above = node.parent; above !== undefined; above = above.parent) {
    if (ts.isFunctionLike(above) || ts.isPropertyDeclaration(above)) return true;
  }
  return false;
}

function isValue(node: ts.Node): boolean {
  return !ts.isLiteralTypeNode(node.parent) && isRunAgain(node);
}

function isCompared(node: ts.StringLiteral): boolean {
  const { parent } = node;
  return ts.isCaseClause(parent) || (ts.isBinaryExpression(parent) &&
    (parent.operatorToken.kind === ts.SyntaxKind.EqualsEqualsEqualsToken ||
      parent.operatorToken.kind === ts.SyntaxKind.ExclamationEqualsEqualsToken));
}

/** A statement that does something; what a constructor keeps is missed at once by whoever needs it. */
function isWorthRemoving({ expression }: ts.ExpressionStatement): boolean {
  if (ts.isCallExpression(expression)) {
    const { kind } = expression.expression;
    return kind !== ts.SyntaxKind.SuperKeyword && !UNTOUCHED_CALLS.has(expression.expression.getText());
  }
  if (ts.isAwaitExpression(expression)) return true;
  return ts.isBinaryExpression(expression) || ts.isPostfixUnaryExpression(expression) ||
    ts.isPrefixUnaryExpression(expression);
}
