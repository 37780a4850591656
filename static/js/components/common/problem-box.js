/** @import { Problem } from "../../api/types.js" */
import { create, field, find, write } from "../../lib/dom.js";

/**
 * Fill the box that says what happened, what to do, and the code.
 *
 * @param {ParentNode} root
 * @param {Problem | null} problem
 */
export function fillProblem(root, problem) {
  const box = find(root, "[data-problem]", HTMLElement);
  for (const name of /** @type {const} */ (["message", "advice", "code"])) write(box, name, problem?.[name] ?? "");
  if (problem) markRefused(problem);
}

/**
 * Say in one line, where the person looks, what did not work; an empty problem clears it.
 *
 * @param {ParentNode} root
 * @param {Problem | null} problem
 * @param {string} [name] of the line
 */
export function showError(root, problem, name = "error") {
  const line = field(root, name);
  line.textContent = problem ? `${problem.message} ${problem.advice}` : "";
  line.hidden = !problem;
  if (problem) markRefused(problem);
}

/** Say it beside the field as well that was refused, until somebody changes it. @param {Problem & {field?: string | null}} problem */
function markRefused({ field: name, message }) {
  if (!name) return;
  const named = [...document.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  const control = named.find((each) => each instanceof HTMLElement && each.checkVisibility());
  if (!(control instanceof HTMLElement) || control.ariaInvalid === "true") return;
  const line = create("p", { className: "problem__message small", role: "alert" }, message);
  control.ariaInvalid = "true";
  control.after(line);
  control.addEventListener(
    "input",
    () => {
      control.ariaInvalid = null;
      line.remove();
    },
    { once: true },
  );
}
