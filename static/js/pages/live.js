/** @import { LiveMessage, LiveSettings, Started } from "../live/messages.js" */
/** @import { Problem } from "../api/types.js" */
/** @import { SourceKind } from "../audio/sound-sources.js" */
import { CaptureProblem } from "../audio/capture-problem.js";
import { SoundSources } from "../audio/sound-sources.js";
import { RATE } from "../live/send-queue.js";
import { wavOf } from "../audio/wav.js";
import { insecureNotice } from "../components/live/insecure-notice.js";
import { LiveStatus } from "../components/live/live-status.js";
import { EndedSession } from "../components/live/ended-session.js";
import { LiveText } from "../components/live/live-text.js";
import { MicrophoneList } from "../components/live/microphone-list.js";
import { audienceDialog } from "../components/captions/audience-dialog.js";
import { CaptionsWindow, staysOnTop } from "../components/captions/captions-window.js";
import { ChannelMeters } from "../components/channels/channel-meters.js";
import { SourceChoice } from "../components/sources/source-choice.js";
import { nameChannels } from "../api/client.js";
import { modelState } from "../components/common/model-state.js";
import { notify } from "../components/common/notices.js";
import { startPage } from "../components/common/page.js";
import { fillProblem } from "../components/common/problem-box.js";
import { RecognitionSettings } from "../components/recognition/recognition-settings.js";
import { shortcuts } from "../components/common/shortcuts.js";
import { VadOptionsForm } from "../components/vad/vad-options.js";
import { ScreenWakeLock } from "../components/live/wake-lock.js";
import { url } from "../lib/address.js";
import { optionsBody } from "../live/options-body.js";
import { ChunkStore } from "../live/chunk-store.js";
import { find, onAction, slotOf, write } from "../lib/dom.js";
import { download } from "../lib/download.js";
import { isDialogOpen, isShortcut } from "../lib/keys.js";
import { LiveSession } from "../live/session.js";
import { t } from "../lib/messages.js";

const SHOW_MS = 250; // how often figures are written
const DEBOUNCE_MS = 300; // after a change of a setting

/** @type {LiveSession | null} */
let session = null;
let isOpening = false;
let wasStorageReported = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

const page = find(document, "[data-live]", HTMLElement);
const liveStatus = new LiveStatus(find(page, "[data-live-status]", HTMLElement));
const text = new LiveText(find(page, "[data-text]", HTMLElement), (final) => {
  end.play(final);
  text.mark(end.isPlaying ? final.segment : null);
});
const end = new EndedSession(
  slotOf(page, "end"),
  () => text.text,
  (final) => text.mark(final?.segment ?? null),
);
const recognition = new RecognitionSettings(find(page, "[data-settings]", HTMLElement), "funasr.live-settings");
const speech = new VadOptionsForm(find(page, "[data-speech]", HTMLFormElement), settingsChanged, "live-vad-options");
const microphones = new MicrophoneList(
  find(page, "[data-microphones]", HTMLSelectElement),
  () => void changeMicrophone(),
);
const channels = new ChannelMeters(find(page, "[data-channels]", HTMLElement), () => void renameChannels());
const sources = new SourceChoice(find(page, "[data-sources]", HTMLElement), "funasr.live-source", showSources);
const captions = new CaptionsWindow(showCaptions);
const openAudience = audienceDialog();
const wakeLock = new ScreenWakeLock();
const store = new ChunkStore(storageFailed);
const watch = { settings, onChange: show, onMessage, onProblem: showProblem };
startPage();
shortcuts([
  { keys: "Mod+Enter", does: t("Start, or finish") },
  { keys: "Esc", does: t("Pause, or resume") },
  { keys: "C", does: t("Captions window") },
]);
modelState(find(page, "[data-model]", HTMLElement), ({ languages }) => recognition.offer(languages));
find(page, "[data-settings]", HTMLElement).addEventListener("input", settingsChanged);
onAction(page, (action) => void act(action));
document.addEventListener("keydown", onKey);
window.addEventListener("beforeunload", (event) => {
  if (session && ["recording", "paused"].includes(session.state)) event.preventDefault();
});
setInterval(showFigures, SHOW_MS);
showSources();
if (insecureNotice(find(page, "[data-insecure]", HTMLElement))) page.dataset.state = "insecure";
else void restore();

// Actions

/** @param {string} action */
async function act(action) {
  if (action === "start") await start();
  if (action === "pause") await session?.pause();
  if (action === "resume") await resume();
  if (action === "share-again") await reopen();
  if (action === "stop") await session?.stop();
  if (action === "newest") text.toNewest();
  if (action === "captions") await toggleCaptions();
  if (action === "audience" && session?.transcription) await openAudience(session.transcription);
  if (action === "save-sound") saveSound();
  if (action === "discard") await discard();
}

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (
    event.defaultPrevented ||
    event.isComposing ||
    isDialogOpen() ||
    document.querySelector("details[data-menu][open], :popover-open")
  )
    return;
  if (event.key.toLowerCase() === "c" && isShortcut(event)) void act("captions");
  const isRunning = session && ["recording", "paused", "interrupted"].includes(session.state);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void act(isRunning ? "stop" : "start");
  if (event.key === "Escape" && session?.state === "recording") void act("pause");
  else if (event.key === "Escape" && session?.state === "paused") void act("resume");
}

async function start() {
  if (session && !["ended", "failed"].includes(session.state)) return;
  if (isRescue()) return;
  await withSources(sources.kind, async (opened) => {
    if (session?.state === "failed") await session.discard();
    clear();
    session = await LiveSession.begin(store, opened, opened.kind === "both" ? channels.names : [], watch);
  });
}

async function resume() {
  if (session?.state === "paused" && session.sources?.areActive) await session.resume();
  else await reopen();
}

async function changeMicrophone() {
  if (session?.state === "recording" && session.kind !== "computer") await reopen();
}

/** Go on with sources that are opened anew; what is still shared stays shared. */
async function reopen() {
  if (session) await withSources(session.kind, async (opened) => session?.resume(opened));
}

/** @param {SourceKind} kind @param {(opened: SoundSources) => Promise<void>} work */
async function withSources(kind, work) {
  if (isOpening) return;
  isOpening = true;
  liveStatus.problem =
    kind === "microphone"
      ? t("Waiting for the microphone; the browser may ask for it at the top of the window.")
      : t("Waiting for what is shared: choose a tab, and let its sound be shared too.");
  showFigures();
  showProblem(null);
  try {
    const former = session?.sources ?? null;
    await work(await SoundSources.open(kind, { device: microphones.chosen, former }));
    void microphones.refresh();
  } catch (error) {
    showProblem(error instanceof CaptureProblem ? error.problem : captureProblem(error));
  } finally {
    isOpening = false;
    liveStatus.problem = "";
    show();
  }
}

/** After a reload: go on with what was cut off. */
async function restore() {
  const restored = await LiveSession.restore(store, watch);
  if (session || !restored) return;
  session = restored;
  show();
}

/** Also while it runs: the lines that are there follow, and so does the history. */
async function renameChannels() {
  if (!session || session.channels < 2) return;
  session.channelNames = text.names = captions.names = channels.names;
  if (session.transcription) await nameChannels(session.transcription, channels.names).catch(() => undefined);
}

function saveSound() {
  download(wavOf(session?.unsentChunks ?? [], RATE, session?.channels), `${t("Live recognition")}.wav`);
}

async function discard() {
  await session?.discard();
  session = null;
  clear();
  show();
}

async function toggleCaptions() {
  const isAllowed = await captions.toggle();
  if (!isAllowed) notify(t("The browser has blocked the window. Allow pop-ups for this page, then try again."));
  else if (captions.isOpen && !staysOnTop())
    notify(t("This browser keeps no window on top: place it beside the others. In Chrome and Edge it stays in front."));
}

function showCaptions() {
  find(page, '[data-action="captions"]', HTMLElement).ariaPressed = String(captions.isOpen);
}

function clear() {
  text.clear();
  captions.clear();
  text.canPlay = false;
  liveStatus.reset();
  end.show(null);
  slotOf(page, "speakers").hidden = true;
  showProblem(null);
}

// Settings

/** @returns {LiveSettings} */
function settings() {
  const { detector, threshold, mode, min_silence_ms, max_segment_ms, min_speech_ms } = speech.values;
  return {
    options: optionsBody(recognition.values),
    vad: { detector, threshold, mode, min_silence_ms, max_segment_ms, min_speech_ms },
  };
}

function settingsChanged() {
  if (!session || !["recording", "paused", "interrupted"].includes(session.state)) return;
  clearTimeout(timer);
  write(page, "settings-status", t("Telling the server …"));
  timer = setTimeout(() => session?.sendSettings(), DEBOUNCE_MS);
}

// What the server says

/** @param {LiveMessage} message */
function onMessage(message) {
  if (message.type === "audio-started") showSoFar(message);
  if (message.type === "voice-started") liveStatus.showVoice(true, message.channel);
  if (message.type === "voice-stopped") liveStatus.showVoice(false, message.channel);
  if (message.type === "partial") for (const view of [text, captions]) view.showPartial(message);
  if (message.type === "final") for (const view of [text, captions]) view.addFinals([message]);
  if (message.type === "speakers") text.labelSpeakers(message.speakers);
  if (message.type === "partial" || message.type === "final") liveStatus.addLatency(message.latency_ms);
  if (message.type === "settings") write(page, "settings-status", t("Holds from the next segment on."));
  if (message.type === "problem")
    write(page, "settings-status", t("Changes hold from the next segment on, also while you speak."));
  slotOf(page, "empty").hidden = !text.isBlank;
  slotOf(page, "speakers").hidden = !text.hasSpeakers;
}

/** @param {Started} started */
function showSoFar(started) {
  text.names = captions.names = started.channel_names;
  if (started.channels > 1) channels.names = started.channel_names;
  for (const view of [text, captions]) view.addFinals(started.segments);
  text.labelSpeakers(started.speakers);
  showCase();
}

// Show

function show() {
  page.dataset.state = session?.state ?? page.dataset.state ?? "idle";
  if (!session && page.dataset.state !== "insecure") page.dataset.state = "idle";
  wakeLock.isWanted = session?.state === "recording";
  page.dataset.link = session?.connection ?? "connecting";
  showSources();
  slotOf(page, "empty").hidden = !text.isBlank;
  slotOf(page, "rescue").hidden = session?.state !== "failed";
  page.toggleAttribute("data-rescue", isRescue());
  if (session?.state === "failed" || session?.state === "ended") {
    liveStatus.showVoice(false);
    captions.close();
  }
  write(page, "start", session ? t("New session") : t("Start"));
  if (session?.state === "failed") showRescue();
  if (session?.state === "ended") showEnd();
  showCase();
  showFigures();
}

/** Sources are chosen before a session and stay as they are in it, and so is whether speakers are told apart. */
function showSources() {
  const isRunning = session !== null && !["ended", "failed"].includes(session.state);
  const kind = session && isRunning ? session.kind : sources.kind;
  page.dataset.source = kind;
  channels.isShown = kind === "both";
  find(page, '[name="speakers"]', HTMLSelectElement).disabled = isRunning || kind === "both";
  const isCut = isRunning && session?.state === "recording" && session.sources?.areActive === false;
  find(page, '[data-action="share-again"]', HTMLElement).hidden = !isCut;
}

function showEnd() {
  text.canPlay = true;
  write(page, "end-title", session?.wasAsked ? t("Saved in the history") : t("What had arrived until then"));
  end.show(session?.transcription ?? null, session?.seconds);
}

/** Whether there is sound that nobody else has and that no server will take. */
function isRescue() {
  return session?.state === "failed" && session.unsentSeconds > 0;
}

function showRescue() {
  for (const action of ["save-sound", "discard"])
    find(page, `[data-action="${action}"]`, HTMLElement).hidden = !isRescue();
  const link = find(page, '[data-field="rescue-link"]', HTMLAnchorElement);
  link.hidden = !session?.transcription;
  link.href = url(`/transcriptions/${session?.transcription}`);
}

/** A session has a case as soon as the server knows it. */
function showCase() {
  const id = session?.transcription;
  slotOf(page, "case").hidden = !id;
  find(page, '[data-action="audience"]', HTMLElement).hidden = !id;
  find(page, "[data-case]", HTMLElement).dataset.case = id ? `/transcriptions/${id}/case` : "";
}

function showFigures() {
  liveStatus.show(session);
}

/** Say what is wrong; nothing clears it. @param {Problem | null} problem */
function showProblem(problem) {
  slotOf(page, "problem").hidden = !problem;
  fillProblem(slotOf(page, "problem"), problem);
}

/** @param {unknown} error @returns {Problem} */
function captureProblem(error) {
  return {
    code: "microphone_unusable",
    message: t("The browser could not take up the sound of the microphone."),
    advice: t("Reload the page and try again; the browser said: {reason}", {
      reason: error instanceof Error ? error.message : String(error),
    }),
  };
}

/** @param {unknown} error */
function storageFailed(error) {
  if (wasStorageReported) return;
  wasStorageReported = true;
  console.warn("Nothing is kept across a reload:", error);
  notify(
    t("This browser's storage cannot be used. A lost connection still loses nothing, but a reload of this page would."),
  );
}
