/** @import { Problem } from "../lib/types.js" */
import { t } from "../lib/messages.js";

/** The microphone is not available, with the reason and what to do. */
export class MicrophoneProblem extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Ask for the microphone. @returns {Promise<MediaStream>} */
export async function openMicrophone() {
  if (!window.isSecureContext) throw new MicrophoneProblem(insecurePage());
  if (!navigator.mediaDevices || !window.MediaRecorder) throw new MicrophoneProblem(oldBrowser());
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: false } });
  } catch (error) {
    throw new MicrophoneProblem(refusal(error instanceof DOMException ? error.name : ""));
  }
}

/** @returns {Problem} */
function insecurePage() {
  return {
    code: "microphone_insecure",
    message: t("Browsers lend the microphone only to secure pages, and {origin} is not one.", { origin: location.origin }),
    advice: t("Open the page on the server itself as http://localhost:{port}, or let your administrator put HTTPS in front. A recording made elsewhere can be uploaded here.", { port: location.port || 80 }),
  };
}

/** @returns {Problem} */
function oldBrowser() {
  return {
    code: "microphone_unsupported",
    message: t("This browser cannot record."),
    advice: t("Use a current Chrome, Edge, Firefox or Safari, or upload a recording."),
  };
}

/** @param {string} reason @returns {Problem} */
function refusal(reason) {
  if (reason === "NotFoundError") {
    return { code: "microphone_missing", message: t("No microphone was found."), advice: t("Connect one, then press Record again.") };
  }
  if (reason === "NotReadableError") {
    return { code: "microphone_busy", message: t("The microphone is in use by another program."), advice: t("Close that program, then press Record again.") };
  }
  return {
    code: "microphone_denied",
    message: t("The browser was not allowed to use the microphone."),
    advice: t("Press the symbol beside the address, allow the microphone for this page, then press Record again."),
  };
}
