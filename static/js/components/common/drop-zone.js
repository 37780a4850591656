import { find } from "../../lib/dom.js";

/**
 * Take files that are dropped anywhere on the page, chosen, or pasted.
 *
 * @param {HTMLElement} zone
 * @param {(files: File[]) => void} take
 */
export function dropZone(zone, take) {
  const input = find(zone, "[data-file-input]", HTMLInputElement);
  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    input.value = ""; // the same file may be chosen again
  });
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!relatedTarget) zone.classList.remove("is-over");
  });
  document.addEventListener("drop", (event) => {
    zone.classList.remove("is-over");
    if (!carriesFiles(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

/** @param {DragEvent} event */
function carriesFiles(event) {
  return event.dataTransfer?.types.includes("Files") ?? false;
}
