/** @import { Transcription } from "../api/types.js" */
import { CaptureProblem } from "../audio/capture-problem.js";
import { submitDialog } from "../components/common/form-dialog.js";
import { dropZone } from "../components/common/drop-zone.js";
import { JobList } from "../components/jobs/job-list.js";
import { JobResults } from "../components/jobs/job-results.js";
import { modelState } from "../components/common/model-state.js";
import { startPage } from "../components/common/page.js";
import { fillProblem } from "../components/common/problem-box.js";
import { RecognitionSettings } from "../components/recognition/recognition-settings.js";
import { Recorder } from "../components/recognition/recorder.js";
import { SourceChoice } from "../components/sources/source-choice.js";
import { shortcuts } from "../components/common/shortcuts.js";
import { StagedList } from "../components/recognition/staged-list.js";
import { buttonOf, find, onAction, slotOf, write } from "../lib/dom.js";
import { isDialogOpen } from "../lib/keys.js";
import { t } from "../lib/messages.js";
import { deleteRecording, rescueTakes, saveRecording, savedRecordings } from "../uploads/recording-store.js";

const composer = find(document, "[data-composer]", HTMLElement);
const startButton = buttonOf(composer, "start");
const settings = new RecognitionSettings(find(document, "[data-settings]", HTMLElement));
const results = new JobResults(find(document, "[data-jobs]", HTMLElement), onUploaded);
const jobs = new JobList(find(document, "#main", HTMLElement), (row, job) => results.follow(row, job));
const staged = new StagedList(
  find(composer, "[data-staged]", HTMLElement),
  Number(composer.dataset.limitBytes),
  showStaged,
);
const sources = new SourceChoice(find(composer, "[data-sources]", HTMLElement), "funasr.recorder-source");
const recorder = new Recorder(find(composer, "[data-recorder]", HTMLElement), () => sources.kind, stage);
let isStarted = false; // and no row has come yet

startPage();
shortcuts([
  { keys: "Mod+Enter", does: t("Start recognition") },
  { keys: "Esc", does: t("Cancel the recording or the upload") },
]);
modelState(find(document, "[data-model]", HTMLElement), ({ languages }) => settings.offer(languages));
dropZone(find(composer, "[data-drop-zone]", HTMLElement), (files) => files.forEach((file) => staged.add(file)));
void stageSaved();
onAction(composer, (action) => {
  if (action === "start") start();
  if (action === "record") void record();
});
document.addEventListener("keydown", (event) => {
  if (isDialogOpen() || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) start();
  if (event.key !== "Escape" || document.querySelector("details[data-menu][open], :popover-open")) return;
  event.preventDefault(); // the same key would close the question again
  void cancel();
});
window.addEventListener("beforeunload", (event) => {
  if (!staged.isEmpty || recorder.isRecording) event.preventDefault();
});

function start() {
  isStarted = true;
  if (staged.waiting) void staged.send(settings.values, onUploaded);
}

/** An own recording is on nobody's disk but this browser's. @param {File} file @param {number} seconds @param {string[]} channelNames */
async function stage(file, seconds, channelNames) {
  const id = await saveRecording(file, seconds, channelNames);
  staged.add(file, seconds, () => id !== null && void deleteRecording(id), channelNames);
}

async function stageSaved() {
  await rescueTakes();
  for (const { id, file, seconds, channelNames } of await savedRecordings())
    staged.add(file, seconds, () => void deleteRecording(id), channelNames);
}

/** The first row after a start comes into view: on a phone it lies below all settings. @param {Transcription} job */
function onUploaded(job) {
  results.expect(job);
  const row = jobs.show(job);
  if (isStarted) row?.scrollIntoView({ block: "center" });
  isStarted = false;
}

/** What is being recorded is asked about; what is on its way stops and can be sent again. */
async function cancel() {
  if (!recorder.isRecording) return staged.cancel();
  recorder.pause();
  if (await submitDialog(find(document, "#discard-recording", HTMLDialogElement), "discard")) recorder.discard();
}

async function record() {
  const slot = slotOf(composer, "microphone-problem");
  slot.hidden = true;
  try {
    await recorder.start();
  } catch (error) {
    if (!(error instanceof CaptureProblem)) throw error;
    fillProblem(slot, error.problem);
    slot.hidden = false;
  }
}

function showStaged() {
  const count = staged.waiting;
  startButton.disabled = count === 0 || staged.isUploading;
  write(composer, "staged-hint", stagedHint(count));
}

/** @param {number} count */
function stagedHint(count) {
  if (staged.isUploading) return t("Uploading; keep this page open until it is done");
  if (count) return t("Ready to start: {count}", { count });
  return staged.isEmpty ? t("Nothing chosen yet") : t("Nothing is ready to start");
}
