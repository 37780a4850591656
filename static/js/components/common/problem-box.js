/** @import { Problem } from "../../api/types.js" */
import { field, find, write } from "../../lib/dom.js";

/**
 * Fill the box that says what happened, what to do, and the code.
 *
 * @param {ParentNode} root
 * @param {Problem | null} problem
 */
export function fillProblem(root, problem) {
  const box = find(root, "[data-problem]", HTMLElement);
  for (const name of /** @type {const} */ (["message", "advice", "code"])) write(box, name, problem?.[name] ?? "");
}

/**
 * Say in one line, where the person looks, what did not work; an empty problem clears it.
 *
 * @param {ParentNode} root
 * @param {Problem | null} problem
 */
export function showError(root, problem) {
  const line = field(root, "error");
  line.textContent = problem ? `${problem.message} ${problem.advice}` : "";
  line.hidden = !problem;
}
