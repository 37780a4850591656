/** @import { Problem } from "../api/types.js" */

/** Sound cannot be taken up: no microphone, nothing shared, no permission; with the reason and what to do. */
export class CaptureProblem extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.message);
    this.problem = problem;
  }
}
