// Prints the functions of JavaScript files as JSON, for scripts/measure_code.py: name, lines, parameters.
import { readFileSync } from "node:fs";
import { parse } from "acorn";
import { ancestor } from "acorn-walk";

const ANONYMOUS = "(anonymous)";

console.log(JSON.stringify(process.argv.slice(2).flatMap(functionsIn)));

/** @param {string} path */
function functionsIn(path) {
  const text = readFileSync(path, "utf-8");
  const tree = parse(text, {
    ecmaVersion: "latest",
    sourceType: "module",
    locations: true,
    allowReturnOutsideFunction: true,
  });
  /** @type {object[]} */
  const functions = [];
  /** @param {any} node @param {unknown} _state @param {any[]} ancestors */
  const add = (node, _state, ancestors) => {
    const name = nameOf(node, ancestors.at(-2));
    if (name === ANONYMOUS && node.type === "ArrowFunctionExpression") return; // a value of its call, as Python's lambda
    const lines = node.loc.end.line - node.loc.start.line + 1;
    functions.push({ path, name, line: node.loc.start.line, lines, parameters: node.params.length });
  };
  ancestor(tree, { FunctionDeclaration: add, FunctionExpression: add, ArrowFunctionExpression: add });
  return functions;
}

/** @param {any} node @param {any} parent */
function nameOf(node, parent) {
  const named = node.id ?? parent?.key ?? (parent?.type === "VariableDeclarator" ? parent.id : null);
  return named?.name ?? named?.value ?? ANONYMOUS;
}
