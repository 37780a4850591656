import { partParagraphs, problemOf } from "../../api/client.js";
import { buttonOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { showError } from "../common/problem-box.js";
import { speakersBetween } from "./speaker-labels.js";

/** Let the person cut all paragraphs in which the speaker changes. @param {HTMLElement} root @param {string} id */
export function offerParting(root, id) {
  buttonOf(root, "part-paragraphs").addEventListener("click", () => void part(root, id));
}

/** Offer it where there is something to cut. @param {HTMLElement} root @param {readonly {start: number, end: number}[]} rows */
export function showParting(root, rows) {
  buttonOf(root, "part-paragraphs").hidden = !rows.some(({ start, end }) => speakersBetween(start, end).length > 1);
}

/** @param {HTMLElement} root @param {string} id */
async function part(root, id) {
  showError(root, null);
  try {
    const { edits } = await partParagraphs(id);
    if (edits.length)
      location.reload(); // the text is shown with its new paragraphs
    else write(root, "parted", t("No paragraph could be cut: the other speaker says too little in it."));
  } catch (error) {
    showError(root, problemOf(error));
  }
}
