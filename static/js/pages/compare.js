import { dropZone } from "../components/common/drop-zone.js";
import { startPage } from "../components/common/page.js";
import { showError } from "../components/common/problem-box.js";
import { url } from "../lib/address.js";
import { problemOf } from "../api/client.js";
import { beginComparison } from "../api/comparisons.js";
import { buttonOf, copyOf, find, onAction, slotOf, write } from "../lib/dom.js";
import { filesize } from "../lib/format.js";
import { t } from "../lib/messages.js";

startPage();
const root = find(document, "[data-compare]", HTMLElement);
const form = find(root, "[data-form]", HTMLFormElement);
const variants = find(root, "[data-variants]", HTMLElement);
const start = find(root, "[data-start]", HTMLButtonElement);
const add = buttonOf(root, "add");
const limitBytes = Number(root.dataset.limitBytes);
const of = root.querySelector("[data-of]")?.getAttribute("data-of") ?? "";
/** @type {File | null} */
let chosen = null;

const zone = root.querySelector("[data-drop-zone]");
if (zone instanceof HTMLElement) dropZone(zone, choose);
onAction(root, (action, button) => {
  if (action === "add") addVariant();
  if (action === "drop") dropVariant(button);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void begin();
});

/** @param {File[]} files */
function choose([file]) {
  if (!file) return;
  showError(root, null);
  chosen = file.size <= limitBytes ? file : null;
  write(root, "chosen", chosen ? `${file.name} · ${filesize(file.size)}` : t("Drop a recording here"));
  if (chosen) return;
  const message = t("{name} is larger than {limit}.", { name: file.name, limit: filesize(limitBytes) });
  showError(root, { code: "upload_too_large", message, advice: t("A part of it is enough to compare.") });
}

/** The new one is the last one with another quality: two that are alike say nothing. */
function addVariant() {
  const fresh = copyOf("variant-template");
  variants.append(fresh);
  add.disabled = variants.children.length >= Number(root.dataset.most);
  find(fresh, "select", HTMLSelectElement).focus();
}

/** @param {HTMLElement} button */
function dropVariant(button) {
  button.closest("[data-variant]")?.remove();
  add.disabled = false;
  add.focus();
}

async function begin() {
  showError(root, null);
  if (!chosen && !of) {
    showError(root, {
      code: "no_file",
      message: t("There is no recording yet."),
      advice: t("Drop one above, or choose a file."),
    });
    return;
  }
  start.disabled = true;
  showProgress(0);
  try {
    const { id } = await beginComparison(formData(), showProgress);
    location.assign(url(`/compare/${id}`));
  } catch (error) {
    showError(root, problemOf(error));
    start.disabled = false;
    slotOf(root, "progress").hidden = true;
  }
}

/** @param {number} percent */
function showProgress(percent) {
  if (!chosen) return;
  slotOf(root, "progress").hidden = false;
  find(root, "progress", HTMLProgressElement).value = percent;
}

function formData() {
  const body = new FormData();
  const each = [...variants.querySelectorAll("[data-variant]")];
  body.append(
    "variants",
    JSON.stringify(
      each.map((variant) =>
        Object.fromEntries(["model", "language", "quality"].map((name) => [name, valueOf(variant, name)])),
      ),
    ),
  );
  body.append("reference", find(form, '[name="reference"]', HTMLTextAreaElement).value);
  if (of) body.append("transcription", of);
  else if (chosen) body.append("file", chosen, chosen.name);
  return body;
}

/** @param {Element} variant @param {string} name */
function valueOf(variant, name) {
  return find(variant, `[name="${name}"]`, HTMLSelectElement).value;
}
