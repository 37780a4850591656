/** @import { ChosenFile } from "../../uploads/dropped-files.js" */
import { filesOfDrop, filesOfInput, isRecording } from "../../uploads/dropped-files.js";
import { find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { notify } from "../common/notices.js";

/**
 * Take files and whole folders that are dropped anywhere on the page, or chosen.
 *
 * @param {HTMLElement} zone
 * @param {(found: ChosenFile[], left: ChosenFile[]) => void} take gets the recordings, and what was left out of folders
 */
export function folderZone(zone, take) {
  for (const name of ["files", "folder"]) {
    const input = find(zone, `[data-choose="${name}"]`, HTMLInputElement);
    input.addEventListener("change", () => {
      sort(filesOfInput(input.files ?? []));
      input.value = ""; // the same files may be chosen again
    });
  }
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event) || !isVisible()) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) zone.classList.remove("is-over");
  });
  document.addEventListener("drop", async (event) => {
    zone.classList.remove("is-over");
    if (!carriesFiles(event) || !isVisible()) return;
    event.preventDefault();
    try {
      if (event.dataTransfer) sort(await filesOfDrop(event.dataTransfer));
    } catch {
      notify(t("What was dropped could not be read. Choose it with the buttons instead."));
    }
  });

  /** @param {ChosenFile[]} found */
  function sort(found) {
    const wanted = found.filter(isRecording).sort((one, other) => byName.compare(one.path, other.path));
    take(
      wanted,
      found.filter((file) => !isRecording(file)),
    );
  }

  function isVisible() {
    return zone.checkVisibility();
  }
}

const byName = new Intl.Collator(document.documentElement.lang, { numeric: true });

/** @param {DragEvent} event */
function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
