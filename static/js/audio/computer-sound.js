/** @import { Problem } from "../api/types.js" */
import { t } from "../lib/messages.js";
import { CaptureProblem } from "./capture-problem.js";
import { insecurePage } from "./microphone.js";

const AS_IT_IS = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const WISHES = {
  audio: { ...AS_IT_IS, suppressLocalAudioPlayback: false },
  video: true, // no browser lends the sound alone
  systemAudio: "include",
  selfBrowserSurface: "exclude", // this page plays nothing
  surfaceSwitching: "include",
};

/** Whether this browser can lend the sound of the computer at all. */
export const hearsComputer = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/**
 * Ask for the sound of a tab, or of the whole computer. The picture that comes with it is let go at once and goes
 * nowhere. Raises CaptureProblem.
 *
 * @returns {Promise<MediaStream>}
 */
export async function openComputerSound() {
  if (!window.isSecureContext) throw new CaptureProblem(insecurePage());
  if (!hearsComputer()) throw new CaptureProblem(cannotShare());
  let shared;
  try {
    shared = await navigator.mediaDevices.getDisplayMedia(WISHES);
  } catch (error) {
    throw new CaptureProblem(refusal(error instanceof DOMException ? error : new DOMException()));
  }
  for (const picture of shared.getVideoTracks()) picture.stop();
  const tracks = shared.getAudioTracks();
  if (!tracks.length) throw new CaptureProblem(notShared());
  return new MediaStream(tracks);
}

/** The person, or the end of the tab, has stopped the sharing. @param {boolean} isAlone whether nothing else is recorded @returns {Problem} */
export function sharingEnded(isAlone) {
  return {
    code: "computer_sound_gone",
    message: t("The sound of the computer is no longer shared: it was stopped, or its tab was closed."),
    advice: isAlone
      ? t("Everything until then is kept. Press Resume to share again.")
      : t("The microphone goes on, and nothing is lost. Press “Share again” to hear the others again."),
  };
}

/** @returns {Problem} */
function cannotShare() {
  return {
    code: "computer_sound_unsupported",
    message: t("This browser cannot share the sound of the computer. Browsers on phones and tablets cannot."),
    advice: t(
      "Use Chrome or Edge on a computer. Elsewhere put the telephone on loudspeaker and record with the microphone, or upload a recording.",
    ),
  };
}

/** Firefox and Safari share pictures only; elsewhere a box was not ticked. @returns {Problem} */
function notShared() {
  const isChromium = "userAgentData" in navigator;
  return {
    code: "computer_sound_not_shared",
    message: t("The picture was shared, but not the sound."),
    advice: isChromium
      ? t(
          "Share once more and switch on “Also share tab audio” (or “system audio”) in that dialog. A window has no sound of its own: choose a tab. On macOS before 14.2, and on Linux, the whole screen has none either.",
        )
      : t("Firefox and Safari share no sound. Open this page in Chrome or Edge."),
  };
}

/** @param {DOMException} error @returns {Problem} */
function refusal({ name, message }) {
  if (name === "NotAllowedError" && /system/i.test(message)) {
    return {
      code: "computer_sound_denied_by_system",
      message: t("The operating system does not let this browser share the screen or its sound."),
      advice: t(
        "On macOS: System Settings, Privacy & Security, Screen & System Audio Recording; allow the browser there and start it again.",
      ),
    };
  }
  if (name === "NotAllowedError") {
    return {
      code: "computer_sound_denied",
      message: t("Nothing was shared."),
      advice: t(
        "Try again and choose the tab that plays the sound. If the browser does not ask, press the symbol beside the address, or ask who administers this computer: sharing may be switched off.",
      ),
    };
  }
  return {
    code: "computer_sound_busy",
    message: t("The sound of the computer cannot be taken up."),
    advice: t("Choose a tab in place of a screen or a window, or start the browser again. The browser said: {reason}", {
      reason: message || name,
    }),
  };
}
