import { problemIn, problemOf } from "../../api/client.js";
import { find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

/**
 * Fetch the log of a transcription each time it is opened.
 *
 * @param {HTMLDetailsElement} details
 */
export function logPanel(details) {
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    const panel = find(details, "pre", HTMLElement);
    panel.textContent = (await read(details.dataset.log ?? "")) || t("The log is empty.");
  });
}

/** @param {string} address */
async function read(address) {
  try {
    const response = await fetch(address);
    const text = await response.text();
    return response.ok ? text : problemIn(response.status, text).message;
  } catch (error) {
    return problemOf(error).message;
  }
}
