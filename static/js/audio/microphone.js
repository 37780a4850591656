/** @import { Problem } from "../api/types.js" */
import { t } from "../lib/messages.js";
import { CaptureProblem } from "./capture-problem.js";

/**
 * Ask for a microphone: the one called `device`, or the one that the browser proposes. Raises CaptureProblem.
 *
 * @param {{device?: string, needs?: "MediaRecorder" | "AudioWorkletNode", hearsOthers?: boolean}} [wish] `hearsOthers`: the
 *   computer plays what others say, which is not to come in a second time
 * @returns {Promise<MediaStream>}
 */
export async function openMicrophone({ device = "", needs = "MediaRecorder", hearsOthers = false } = {}) {
  if (!window.isSecureContext) throw new CaptureProblem(insecurePage());
  if (!navigator.mediaDevices || !(needs in window)) throw new CaptureProblem(oldBrowser());
  const audio = { channelCount: 1, echoCancellation: hearsOthers, ...(device ? { deviceId: { exact: device } } : {}) };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new CaptureProblem(refusal(error instanceof DOMException ? error : new DOMException()));
  }
}

/** @returns {Problem} */
export function insecurePage() {
  return {
    code: "microphone_insecure",
    message: t("Browsers lend the microphone only to secure pages, and {origin} is not one.", {
      origin: location.origin,
    }),
    advice: t(
      "Open the page on the server itself as http://localhost:{port}, or let your administrator put HTTPS in front. A recording made elsewhere can be uploaded here.",
      { port: location.port || 80 },
    ),
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

/** The microphone went away while it was in use. @returns {Problem} */
export function microphoneGone() {
  return {
    code: "microphone_gone",
    message: t("The microphone was disconnected or taken away from this page."),
    advice: t("Everything that was said until then is kept. Connect it again or choose another one, then go on."),
  };
}

/** @param {DOMException} error @returns {Problem} */
function refusal({ name, message }) {
  if (name === "NotFoundError") {
    return {
      code: "microphone_missing",
      message: t("No microphone was found."),
      advice: t(
        "Connect one, then try again. If it is connected, look in the system's sound settings whether it is switched on.",
      ),
    };
  }
  if (name === "NotReadableError" || name === "AbortError") {
    return {
      code: "microphone_busy",
      message: t("The microphone cannot be opened; another program may be using it."),
      advice: t("Close that program or unplug the microphone and connect it again, then try again."),
    };
  }
  if (name === "OverconstrainedError") {
    return {
      code: "microphone_unplugged",
      message: t("The chosen microphone is not connected."),
      advice: t("Connect it, or choose another one in the list of microphones."),
    };
  }
  if (/system/i.test(message)) {
    return {
      code: "microphone_denied_by_system",
      message: t("The operating system does not lend the microphone to this browser."),
      advice: t("Allow it in the system's settings (Privacy, Microphone), then try again."),
    };
  }
  return {
    code: "microphone_denied",
    message: t("The browser was not allowed to use the microphone."),
    advice: t("Press the symbol beside the address, allow the microphone for this page, then try again."),
  };
}
