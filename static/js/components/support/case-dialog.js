/** @import { CaseFile, CasePreview } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { caseAddress, previewCase } from "../../api/cases.js";
import { examineServer } from "../../api/doctor.js";
import { buttonOf, copyOf, find, onAction, write } from "../../lib/dom.js";
import { filesize } from "../../lib/format.js";
import { browserId, post } from "../../lib/journal.js";
import { t } from "../../lib/messages.js";
import { showError } from "../common/problem-box.js";

const dialog = find(document, "#case", HTMLDialogElement);
const form = find(dialog, "form", HTMLFormElement);
const save = find(dialog, '[data-field="case-save"]', HTMLAnchorElement);
let place = ""; // of the case, below /api/v1
let asked = 0; // previews: an answer that was overtaken is not shown

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("[data-case]") : null;
  if (button instanceof HTMLElement && button.dataset.case) void open(button.dataset.case);
});
form.addEventListener("change", () => void show());
onAction(dialog, (action) => action === "examine" && void examine());
save.addEventListener("click", (event) => save.ariaDisabled === "true" && event.preventDefault());

/** @param {string} of */
async function open(of) {
  place = of;
  const isJob = of.startsWith("/transcriptions/");
  for (const slot of ["case-audio", "case-names", "case-text"])
    find(dialog, `[data-slot="${slot}"]`, HTMLElement).hidden = !isJob;
  find(dialog, "[data-files]", HTMLElement).replaceChildren();
  write(dialog, "case-redactions", "");
  dialog.showModal();
  await post(); // what was done just now belongs to it
  await show();
}

/** Show what would leave with what is chosen now. */
async function show() {
  const mine = ++asked;
  save.ariaDisabled = "true";
  write(dialog, "case-status", t("Gathering …"));
  showError(dialog, null);
  try {
    const preview = await previewCase(place, choice());
    if (mine !== asked) return;
    fill(preview);
    save.href = caseAddress(place, choice());
    save.ariaDisabled = "false";
  } catch (error) {
    write(dialog, "case-status", "");
    showError(dialog, problemOf(error));
  }
}

/** Let the doctor make all checks; the case takes his newest report. */
async function examine() {
  const button = buttonOf(dialog, "examine");
  button.disabled = true;
  save.ariaDisabled = "true";
  write(dialog, "case-status", t("Examining the server …"));
  const failure = await examineServer({ quick: false }).then(() => null, problemOf);
  button.disabled = false;
  await show();
  if (failure) showError(dialog, failure);
}

/** @param {CasePreview} preview */
function fill({ files, redactions, note }) {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const size = t("{count} files, about {size}.", { count: files.length, size: filesize(bytes) });
  write(dialog, "case-status", note ? `${size} ${note}` : size);
  const taken = redactions.map(({ what, count }) => `${what}: ${count}`).join(" · ");
  write(
    dialog,
    "case-redactions",
    taken ? t("Taken out: {what}", { what: taken }) : t("Nothing private was found in it."),
  );
  find(dialog, "[data-files]", HTMLElement).replaceChildren(...files.map(row));
}

/** @param {CaseFile} file */
function row({ name, what, size, is_estimate, content, is_whole }) {
  const element = copyOf("case-file-template");
  write(element, "name", name);
  write(element, "what", what);
  write(element, "size", (is_estimate ? "≈ " : "") + filesize(size));
  write(
    element,
    "content",
    content ? content + (is_whole ? "" : "\n…") : t("Sound is not shown here; it can be heard on the page."),
  );
  return element;
}

function choice() {
  const chosen = new FormData(form);
  return {
    audio: String(chosen.get("audio")),
    keepNames: chosen.has("keep_names"),
    keepText: chosen.has("keep_text"),
    browser: browserId(),
  };
}
