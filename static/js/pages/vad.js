/** @import { Analysis } from "../api/types.js" */
import { dropZone } from "../components/common/drop-zone.js";
import { MissingList } from "../components/vad/missing-list.js";
import { startPage } from "../components/common/page.js";
import { fillProblem, showError } from "../components/common/problem-box.js";
import { changeSettings } from "../api/settings.js";
import { serverSettings } from "../components/vad/vad-numbers.js";
import { VadOptionsForm } from "../components/vad/vad-options.js";
import { showExports, showFacts, showWarnings } from "../components/vad/speech-facts.js";
import { showSounds } from "../components/vad/sound-key.js";
import { SpeechView } from "../components/vad/speech-view.js";
import { SpeechList } from "../components/vad/speech-list.js";
import { IntervalPlayer } from "../components/vad/interval-player.js";
import { api, url } from "../lib/address.js";
import { problemOf, Refusal } from "../api/client.js";
import { buttonOf, field, find, onAction, slotOf, write } from "../lib/dom.js";
import { clock, preciseClock } from "../lib/format.js";
import { t } from "../lib/messages.js";
import {
  getPeaksBetween,
  getSpeech,
  installSoundEvents,
  analyzeFile,
  analyzeTranscription,
  transcribeSegments,
  cancelTexts,
} from "../api/vad.js";
import { tooLarge } from "../uploads/too-large.js";

const ROWS = 200; // of a list, before "show more"
const DEBOUNCE_MS = 40; // after a control was moved
const BUSY_MS = 400; // after which somebody wonders
const POLL_MS = 700; // while a recording is read, or texts are awaited
const SCROLL_STEPS = 1000;

const page = find(document, "[data-vad]", HTMLElement);
const audio = find(page, "audio", HTMLAudioElement);
const scroll = find(page, "[data-scroll]", HTMLInputElement);
const player = new IntervalPlayer(audio);
const optionsForm = find(page, "[data-options]", HTMLFormElement);
const options = new VadOptionsForm(optionsForm, () => {
  write(optionsForm, "stored", "");
  refreshSoon(DEBOUNCE_MS);
});
const list = new SpeechList(find(page, "[data-speech-list]", HTMLElement), player);
const missing = new MissingList(find(page, '[data-tab="missing"]', HTMLElement), loadMissing, playInterval);
const view = new SpeechView(find(page, "[data-view]", HTMLElement), player, fetchPart);
/** @type {Analysis | null} */
let current = null;
/** @type {AbortController | null} */
let sending = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let asked = 0;
let loads = 0;

startPage();
dropZone(find(page, "[data-drop-zone]", HTMLElement), ([file]) => file && void open((signal) => send(file, signal)));
page.querySelector("[data-recordings]")?.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLSelectElement && target.value) void open(() => analyzeTranscription(target.value));
});
find(page, "[data-tabs]", HTMLElement).addEventListener(
  "change",
  ({ target }) => target instanceof HTMLInputElement && showTab(target.value),
);
onAction(page, (action, pressed) => void act(action, pressed));
audio.addEventListener("error", () => (field(page, "player-problem").hidden = !audio.getAttribute("src")));
audio.addEventListener("loadedmetadata", () => (field(page, "player-problem").hidden = true));
player.follow(showPosition);
view.onMove = showScroll;
scroll.addEventListener("input", () => {
  const { start, end, duration } = view.view;
  view.scrollTo(((duration - (end - start)) * scroll.valueAsNumber) / SCROLL_STEPS);
});
openFromAddress();

/** A reload shows the same recording again. */
function openFromAddress() {
  const address = new URLSearchParams(location.search);
  const id = address.get("id");
  const transcription = address.get("transcription");
  if (id) void open(() => getSpeech(id, { ...options.values, limit: ROWS }));
  else if (transcription) void open(() => analyzeTranscription(transcription));
}

/** Open a recording, whatever brings it. @param {(signal: AbortSignal) => Promise<Analysis>} load */
async function open(load) {
  sending?.abort();
  clearTimeout(timer);
  player.stop();
  const mine = (sending = new AbortController());
  const number = ++loads;
  showProblem(null);
  showProgress(t("Reading the recording …"));
  try {
    let analysis = await load(mine.signal);
    while (analysis.state === "reading" && number === loads) {
      showProgress(t("Reading the recording …"));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      analysis = await getSpeech(analysis.id, { limit: 0 });
    }
    if (number === loads) show(analysis);
  } catch (error) {
    if (number === loads && !(error instanceof DOMException)) showProblem(error);
  } finally {
    if (number === loads) showProgress("");
  }
}

/** @param {File} file @param {AbortSignal} signal */
function send(file, signal) {
  const limit = Number(page.dataset.limitBytes);
  if (file.size > limit) throw new Refusal(tooLarge(limit));
  const progress = (/** @type {number} */ percent) =>
    showProgress(percent < 100 ? t("Sending {name} …", { name: file.name }) : t("Reading the recording …"), percent);
  progress(0);
  return analyzeFile(file, progress, signal);
}

/** @param {Analysis} analysis */
function show(analysis) {
  current = analysis;
  history.replaceState(null, "", url(`/vad?id=${encodeURIComponent(analysis.id)}`));
  for (const part of ["player", "result", "export"]) slotOf(page, part).hidden = false;
  write(page, "name", analysis.name);
  write(page, "source-title", t("Drop another recording here"));
  showWarnings(slotOf(page, "warnings"), analysis.warnings);
  audio.src = api(`/vad/${analysis.id}/audio?heard=true`);
  view.open(analysis.duration ?? 0);
  void refresh();
}

/** Cut again after a pause that is too short to be felt. @param {number} milliseconds */
function refreshSoon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(() => void refresh(), milliseconds);
}

/** Ask for what the present options find. */
async function refresh() {
  if (!current) return;
  const number = ++asked;
  const { start, end } = view.view;
  const busy = setTimeout(() => number === asked && showBusy(true), BUSY_MS);
  try {
    const limit = Math.max(ROWS, Math.min(list.length, 5 * ROWS));
    const analysis = await getSpeech(current.id, { ...options.values, limit, view_start: start, view_end: end });
    if (number !== asked) return; // a later answer is on its way
    showProblem(null);
    await showSpeech(analysis);
    const isInstalling = analysis.events?.needs?.is_running;
    if (analysis.speech?.texts_waiting || isInstalling || analysis.events?.state === "waiting") refreshSoon(POLL_MS);
  } catch (error) {
    if (number === asked) showProblem(error);
  } finally {
    clearTimeout(busy);
    if (number === asked) showBusy(false);
  }
}

/** A mode or frame that nobody has asked for yet is judged anew, which takes seconds in a long recording. @param {boolean} isBusy */
function showBusy(isBusy) {
  slotOf(page, "result").ariaBusy = String(isBusy);
  field(page, "busy").hidden = !isBusy;
}

/** @param {Analysis} analysis */
async function showSpeech(analysis) {
  const { id, speech } = analysis;
  if (!speech) return;
  view.marks = speech.marks;
  view.bands = bandsOf(analysis);
  if (analysis.events) showSounds(page, analysis.events);
  list.show(speech);
  showFacts(page, analysis, speech);
  buttonOf(page, "more").hidden = list.length >= speech.total;
  buttonOf(page, "transcribe-all").hidden = !speech.total;
  buttonOf(page, "stop-transcribing").hidden = !speech.texts_waiting;
  showExports(page, id, options.values, speech.texts_done > 0);
  await missing.show(speech.missing);
}

/** Make what the form shows the server's settings; what is refused is said beside the button. */
async function storeOptions() {
  showError(optionsForm, null);
  if (options.focusRefused()) return;
  try {
    await changeSettings(serverSettings(options.changes));
    options.accept();
    write(optionsForm, "stored", t("Saved. New recordings are cut with these settings."));
  } catch (error) {
    showError(optionsForm, problemOf(error));
  }
}

/** @param {string} action @param {HTMLElement} pressed */
async function act(action, pressed) {
  const row = pressed.closest("[data-start]");
  const [start, end] = row instanceof HTMLElement ? [Number(row.dataset.start), Number(row.dataset.end)] : [0, 0];
  try {
    if (action === "cancel") cancel();
    if (action === "play") player.toggle();
    if (action === "loop") pressed.ariaPressed = String((player.loops = !player.loops));
    if (action === "closer") view.zoom(2);
    if (action === "farther") view.zoom(0.5);
    if (action === "whole") view.showAll();
    if (action === "play-interval") playInterval(start, end);
    if (action === "transcribe") await transcribe([[start, end]]);
    if (action === "transcribe-all") await transcribe(null);
    if (action === "stop-transcribing") await stop();
    if (action === "more") await more();
    if (action === "store-options") await storeOptions();
    if (action === "install-sounds") await installSounds();
  } catch (error) {
    showProblem(error);
  }
}

function cancel() {
  loads++;
  sending?.abort();
  showProgress("");
}

/** @param {[number, number][] | null} segments */
async function transcribe(segments) {
  if (!current) return;
  const language = find(page, "[data-language]", HTMLSelectElement).value;
  await transcribeSegments(current.id, options.values, { segments, language });
  await refresh();
}

async function installSounds() {
  await installSoundEvents();
  await refresh();
}

async function stop() {
  if (current) await cancelTexts(current.id);
  await refresh();
}

async function more() {
  if (!current) return;
  const { speech } = await getSpeech(current.id, {
    ...options.values,
    offset: list.length,
    limit: ROWS,
    missing_limit: 0,
  });
  if (!speech) return;
  list.show(speech);
  buttonOf(page, "more").hidden = list.length >= speech.total;
}

/** @param {{rules: string[], offset: number}} wanted */
async function loadMissing({ rules, offset }) {
  const { speech } = await getSpeech(current?.id ?? "", {
    ...options.values,
    limit: 0,
    rule: rules,
    missing_offset: offset,
  });
  return speech?.missing ?? { state: /** @type {const} */ ("reading"), total: 0, offset, rules: [], items: [] };
}

/** @param {number} start @param {number} end @param {number} buckets */
async function fetchPart(start, end, buckets) {
  if (!current) return null;
  try {
    const [picture, analysis] = await Promise.all([
      getPeaksBetween(current.id, { start, end, buckets }),
      getSpeech(current.id, { ...options.values, limit: 0, missing_limit: 0, view_start: start, view_end: end }),
    ]);
    return { picture, marks: analysis.speech?.marks ?? [], bands: bandsOf(analysis) };
  } catch (error) {
    showProblem(error);
    return null;
  }
}

/** @param {Analysis} analysis */
const bandsOf = ({ events }) => (events?.state === "ready" ? events.marks : null);

/** @param {number} start @param {number} end */
function playInterval(start, end) {
  view.reveal(start, end);
  player.playInterval(start, end);
}

/** @param {number} seconds */
function showPosition(seconds) {
  write(page, "position", preciseClock(seconds));
  buttonOf(page, "play").ariaPressed = String(player.isPlaying);
}

function showScroll() {
  const { start, end, duration } = view.view;
  const room = duration - (end - start);
  scroll.disabled = room < 0.001;
  scroll.value = String(room ? (SCROLL_STEPS * start) / room : 0);
  scroll.ariaValueText = `${clock(start)} – ${clock(end)}`;
  write(page, "view-start", preciseClock(start));
  write(page, "view-end", preciseClock(end));
}

/** @param {string} name */
function showTab(name) {
  for (const tab of page.querySelectorAll("[data-tab]")) {
    /** @type {HTMLElement} */ (tab).hidden = /** @type {HTMLElement} */ (tab).dataset.tab !== name;
  }
}

/** @param {string} text nothing hides it @param {number} [percent] without, nobody knows how far it is */
function showProgress(text, percent) {
  slotOf(page, "progress").hidden = !text;
  write(page, "progress", text);
  const bar = find(page, "progress", HTMLProgressElement);
  if (percent === undefined || percent >= 100) bar.removeAttribute("value");
  else bar.value = percent;
}

/** Say what went wrong; nothing clears it. @param {unknown} error */
function showProblem(error) {
  slotOf(page, "problem").hidden = !error;
  fillProblem(slotOf(page, "problem"), error ? problemOf(error) : null);
}
