import { problemOf } from "../../api/client.js";
import { slotOf } from "../../lib/dom.js";
import { fillProblem } from "./problem-box.js";

/**
 * Return what does a step that a person asked for, says in the page's box what did not work, and shows what came of it.
 *
 * @param {HTMLElement} root of the page
 * @param {() => Promise<void>} refresh shows how it is now
 * @returns {(step: () => Promise<unknown>) => Promise<void>}
 */
export function attempts(root, refresh) {
  return async (step) => {
    const failed = await problemIn(step);
    const stale = await problemIn(refresh); // also after a failure: others may have changed something
    const problem = failed ?? stale;
    slotOf(root, "problem").hidden = !problem;
    fillProblem(slotOf(root, "problem"), problem);
  };
}

/** @param {() => Promise<unknown>} step */
async function problemIn(step) {
  try {
    await step();
    return null;
  } catch (error) {
    return problemOf(error);
  }
}
