import { dropZone } from "../components/common/drop-zone.js";
import { startPage } from "../components/common/page.js";
import { fillProblem } from "../components/common/problem-box.js";
import { showResult } from "../components/support/replay-result.js";
import { problemOf, Refusal } from "../api/client.js";
import { buttonOf, find, onAction, slotOf, write } from "../lib/dom.js";
import { clock, filesize } from "../lib/format.js";
import { t } from "../lib/messages.js";
import { deleteReplay, getReplay, startReplay } from "../api/replays.js";

const POLL_MS = 1000;

startPage();
const root = find(document, "[data-replay]", HTMLElement);
const form = find(root, "[data-changes]", HTMLFormElement);
const start = buttonOf(root, "start");
const bar = find(root, "progress", HTMLProgressElement);
const limitBytes = Number(root.dataset.limitBytes);
/** @type {File | null} */
let chosen = null;
let id = new URLSearchParams(location.search).get("id") ?? "";
let sending = new AbortController();

dropZone(find(root, "[data-drop-zone]", HTMLElement), choose);
form.addEventListener("submit", (event) => event.preventDefault());
onAction(root, (action) => {
  if (action === "start" && chosen) void run(chosen);
  if (action === "stop") void stop();
});
if (id) void follow(id);

/** @param {File[]} files */
function choose([file]) {
  if (!file || isUnderWay()) return;
  showProblem(null);
  chosen = file.size <= limitBytes ? file : null;
  start.disabled = !chosen;
  write(root, "chosen", chosen ? `${file.name} · ${filesize(file.size)}` : t("Drop the zip of a case here"));
  if (!chosen) {
    const message = t("{name} is larger than {limit}.", { name: file.name, limit: filesize(limitBytes) });
    const advice = t("Make the case with a stretch of the sound only, or run it on the command line.");
    showProblem({ code: "upload_too_large", message, advice });
  }
}

/** @param {File} file */
async function run(file) {
  sending = new AbortController();
  slotOf(root, "result").hidden = true;
  write(root, "announcement", "");
  showProblem(null);
  showProgress(t("Sending …"), 0);
  try {
    const started = await startReplay(
      file,
      new FormData(form),
      (percent) => showProgress(t("Sending …"), percent),
      sending.signal,
    );
    keep(started.id);
    await follow(started.id);
  } catch (error) {
    endProgress();
    if (!(error instanceof DOMException)) showProblem(problemOf(error));
  }
}

/** Look until the replay has ended, also after a reload or a broken line. @param {string} of */
async function follow(of) {
  showProgress(t("Running …"));
  while (of === id) {
    try {
      const replay = await getReplay(of);
      if (of !== id) return;
      if (replay.state === "running") {
        const seconds = Math.max(0, (Date.now() - Date.parse(replay.started_at)) / 1000);
        showProgress(t("Running {name}: {time}", { name: replay.name, time: clock(seconds) }));
      } else {
        endProgress();
        showProblem(replay.error);
        slotOf(root, "result").hidden = !replay.result;
        if (replay.result) write(root, "announcement", showResult(slotOf(root, "result"), replay, replay.result));
        (replay.result ? slotOf(root, "result") : slotOf(root, "problem")).scrollIntoView({ block: "nearest" });
        return;
      }
    } catch (error) {
      if (error instanceof Refusal) {
        endProgress();
        showProblem(error.problem);
        keep("");
        return;
      }
      showProgress(t("The server does not answer; trying again …"));
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function stop() {
  sending.abort();
  const stopped = id;
  keep("");
  endProgress();
  if (!stopped) return;
  try {
    await deleteReplay(stopped);
  } catch (error) {
    showProblem(problemOf(error));
  }
}

/** Let the address lead back to this replay. @param {string} now */
function keep(now) {
  id = now;
  history.replaceState(null, "", now ? `?id=${now}` : location.pathname);
}

/** @param {string} text @param {number} [percent] */
function showProgress(text, percent) {
  slotOf(root, "progress").hidden = false;
  start.disabled = true;
  write(root, "progress", text);
  if (percent === undefined) bar.removeAttribute("value");
  else bar.value = percent;
}

function endProgress() {
  slotOf(root, "progress").hidden = true;
  start.disabled = !chosen;
}

function isUnderWay() {
  return !slotOf(root, "progress").hidden;
}

/** @param {import("../api/types.js").Problem | null} problem */
function showProblem(problem) {
  slotOf(root, "problem").hidden = !problem;
  fillProblem(slotOf(root, "problem"), problem);
}
