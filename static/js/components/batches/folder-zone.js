/** @import { ChosenFile } from "../../uploads/dropped-files.js" */
import { find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { filesOfDrop, filesOfInput, isRecording } from "../../uploads/dropped-files.js";
import { onChosen, onDropped } from "../common/drop-zone.js";
import { notify } from "../common/notices.js";

const byName = new Intl.Collator(document.documentElement.lang, { numeric: true });

/**
 * Take files and whole folders that are dropped anywhere on the page, or chosen.
 *
 * @param {HTMLElement} zone
 * @param {(found: ChosenFile[], left: ChosenFile[]) => void} onFiles gets the recordings, and what was left out of folders
 */
export function folderZone(zone, onFiles) {
  for (const name of ["files", "folder"])
    onChosen(find(zone, `[data-choose="${name}"]`, HTMLInputElement), (files) => sort(filesOfInput(files)));
  onDropped(zone, async (transfer) => {
    try {
      sort(await filesOfDrop(transfer));
    } catch {
      notify(t("What was dropped could not be read. Choose it with the buttons instead."));
    }
  });

  /** @param {ChosenFile[]} files */
  function sort(files) {
    const recordings = files.filter(isRecording).sort((one, other) => byName.compare(one.path, other.path));
    onFiles(
      recordings,
      files.filter((file) => !isRecording(file)),
    );
  }
}
