/** @import { Transcription } from "../../api/types.js" */
import { buttonOf, find, write } from "../../lib/dom.js";
import { progressLine } from "../../lib/wording.js";

/** Show how far a job is, and whether it can be cancelled. @param {HTMLElement} root @param {Transcription} job */
export function showProgress(root, job) {
  const bar = find(root, "progress", HTMLProgressElement);
  if (job.state === "running" && job.progress.stage === "preparing") bar.removeAttribute("value");
  else bar.value = job.progress.percent;
  write(root, "detail", progressLine(job));
  buttonOf(root, "cancel").disabled = job.cancel_requested;
}
