import { find } from "../../lib/dom.js";

/**
 * Take files that are dropped anywhere on the page, chosen, or pasted.
 *
 * @param {HTMLElement} zone
 * @param {(files: File[]) => void} onFiles
 */
export function dropZone(zone, onFiles) {
  onChosen(find(zone, "[data-file-input]", HTMLInputElement), onFiles);
  onDropped(zone, ({ files }) => onFiles([...files]));
}

/** Call `onFiles` with what is chosen; the same files may be chosen again. @param {HTMLInputElement} input @param {(files: File[]) => void} onFiles */
export function onChosen(input, onFiles) {
  input.addEventListener("change", () => {
    onFiles([...(input.files ?? [])]);
    input.value = "";
  });
}

/**
 * Call `onFiles` with what is dropped anywhere on the page while `zone` is visible.
 *
 * @param {HTMLElement} zone
 * @param {(transfer: DataTransfer) => void} onFiles
 */
export function onDropped(zone, onFiles) {
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event) || !zone.checkVisibility()) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) zone.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    zone.classList.remove("is-over");
    if (!carriesFiles(event) || !zone.checkVisibility()) return;
    event.preventDefault();
    if (event.dataTransfer) onFiles(event.dataTransfer);
  });
}

/** @param {DragEvent} event */
function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
