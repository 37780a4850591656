import { LogView } from "../components/support/log-view.js";
import { startPage } from "../components/common/page.js";
import { showError } from "../components/common/problem-box.js";
import { problemOf } from "../api/client.js";
import { find, onAction, write } from "../lib/dom.js";
import { downloadAddress, readLog } from "../api/logs.js";
import { t } from "../lib/messages.js";
import { changeSettings } from "../api/settings.js";

const POLL_MS = 1500;
const TYPING_MS = 250;

startPage();
const root = find(document, "[data-logs]", HTMLElement);
const form = find(root, "[data-filter]", HTMLFormElement);
const following = find(root, "[data-follow]", HTMLInputElement);
const level = find(root, "[data-level-choice]", HTMLSelectElement);
const view = new LogView(root);
let place = root.dataset.place ?? "";
/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
let isServerSilent = false;

view.toEnd();
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => void show(), TYPING_MS);
});
following.addEventListener("change", () => following.checked && view.toEnd());
level.addEventListener("change", () => void choose());
onAction(root, (action, button) => {
  if (action === "request") narrow("request_id", button.dataset.value ?? "");
  if (action === "job") narrow("job", button.dataset.value ?? "");
});
setInterval(() => void follow(), POLL_MS);
linkDownload();

function currentFilter() {
  const chosen = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) chosen.set(name, String(value));
  return chosen;
}

/** @param {string} name @param {string} value */
function narrow(name, value) {
  find(form, `[name="${name}"]`, HTMLInputElement).value = value;
  void show();
}

async function show() {
  const filter = currentFilter();
  history.replaceState(null, "", filter.size ? `?${filter}` : location.pathname);
  linkDownload();
  try {
    const page = await readLog(filter);
    place = page.place;
    view.replace(page);
    showError(root, null);
  } catch (error) {
    showError(root, problemOf(error));
  }
}

async function follow() {
  if (!following.checked || document.hidden) return;
  try {
    const page = await readLog(currentFilter(), place);
    place = page.place;
    view.append(page.entries);
    if (isServerSilent) write(root, "state", "");
    isServerSilent = false;
  } catch {
    isServerSilent = true;
    write(root, "state", t("The server does not answer; trying again …"));
  }
}

async function choose() {
  try {
    await changeSettings({ log_level: level.value });
    write(root, "state", t("From now on {level} and what is more severe is written.", { level: level.value }));
    showError(root, null);
  } catch (error) {
    showError(root, problemOf(error));
  }
}

function linkDownload() {
  find(root, "[data-download]", HTMLAnchorElement).href = downloadAddress(currentFilter());
}
