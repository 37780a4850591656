import { find } from "../../lib/dom.js";

/**
 * Take files that are dropped anywhere on the page, chosen, or pasted.
 *
 * @param {HTMLElement} zone
 * @param {(files: File[]) => void} take
 */
export function dropZone(zone, take) {
  onChosen(find(zone, "[data-file-input]", HTMLInputElement), take);
  onDropped(zone, ({ files }) => take([...files]));
}

/** Call `take` with what is chosen; the same files may be chosen again. @param {HTMLInputElement} input @param {(files: File[]) => void} take */
export function onChosen(input, take) {
  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    input.value = "";
  });
}

/**
 * Call `take` with what is dropped anywhere on the page while `zone` is visible.
 *
 * @param {HTMLElement} zone
 * @param {(transfer: DataTransfer) => void} take
 */
export function onDropped(zone, take) {
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
    if (event.dataTransfer) take(event.dataTransfer);
  });
}

/** @param {DragEvent} event */
function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
