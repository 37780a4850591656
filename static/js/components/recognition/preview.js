import { buttonOf, find } from "../../lib/dom.js";

/**
 * Let the person hear a recording before it is sent, where the browser can play it.
 *
 * @param {HTMLElement} row with a button [data-action=play]
 * @param {File} file
 */
export function preview(row, file) {
  const audio = new Audio();
  if (!file.type || !audio.canPlayType(file.type)) return;
  row.dataset.playable = "";
  const button = buttonOf(row, "play");
  button.addEventListener("click", () => {
    audio.src ||= URL.createObjectURL(file);
    if (audio.paused) void audio.play();
    else audio.pause();
  });
  for (const event of ["play", "pause", "ended"]) {
    audio.addEventListener(event, () => (button.ariaPressed = String(!audio.paused)));
  }
  new MutationObserver((_changes, observer) => {
    if (row.isConnected && row.dataset.state !== "uploading") return;
    audio.pause();
    if (!row.isConnected) release(audio, observer);
  }).observe(find(document, "[data-staged]", HTMLElement), {
    childList: true,
    subtree: true,
    attributeFilter: ["data-state"],
  });
}

/** @param {HTMLAudioElement} audio @param {MutationObserver} observer */
function release(audio, observer) {
  observer.disconnect();
  if (audio.src) URL.revokeObjectURL(audio.src);
}
