/** @import { FullTranscription } from "../api/types.js" */
import { retranscribeInDialog } from "../components/rereading/retranscribe-dialog.js";
import { confirmDelete } from "../components/transcript/confirm-delete.js";
import { exportStyleForm } from "../components/common/export-style-form.js";
import { ChannelsCard } from "../components/channels/channels-card.js";
import { KnownVoicesCard } from "../components/voices/known-voices-card.js";
import { SpeakersCard } from "../components/speakers/speakers-card.js";
import { TurnCheck } from "../components/speakers/turn-check.js";
import { HotwordOutcomes } from "../components/transcript/hotword-outcomes.js";
import { logPanel } from "../components/transcript/log-panel.js";
import { connectionBack, connectionLost } from "../components/common/notices.js";
import { startPage } from "../components/common/page.js";
import { Player } from "../components/transcript/player.js";
import { showError } from "../components/common/problem-box.js";
import { renameInDialog } from "../components/transcript/rename-dialog.js";
import { replacementsInDialog } from "../components/rereading/replacement-trial.js";
import { shareDialog } from "../components/people/share-dialog.js";
import { shortcuts } from "../components/common/shortcuts.js";
import { transcriptShortcuts } from "../components/transcript/transcript-keys.js";
import { showHead, showState } from "../components/transcript/transcript-state.js";
import { TranscriptText } from "../components/transcript/transcript-text.js";
import { showKey } from "../components/vad/sound-key.js";
import { Waveform } from "../components/transcript/waveform.js";
import { api, url } from "../lib/address.js";
import { cancelTranscription, getPeaks, getTranscription, problemOf, retryTranscription } from "../api/client.js";
import { buttonOf, field, find, onAction, write } from "../lib/dom.js";
import { clock } from "../lib/format.js";
import { t } from "../lib/messages.js";
import { listen } from "../api/events.js";
import { coalesced } from "../lib/coalesce.js";
import { isOpen } from "../lib/wording.js";

const page = find(document, "[data-transcript]", HTMLElement);
const id = page.dataset.id ?? "";
const player = new Player(find(page, "[data-player]", HTMLElement));
const waveform = new Waveform(find(page, "[data-waveform]", HTMLElement), player);
const text = new TranscriptText(page, player, id);
const hotwords = new HotwordOutcomes(find(page, "[data-hotwords]", HTMLElement), player);
const reload = coalesced(async () => show(await getTranscription(id)));
const channels = new ChannelsCard(find(page, "[data-channel-names]", HTMLElement), id);
const speakersCard = find(page, "[data-speakers]", HTMLElement);
const speakers = new SpeakersCard(speakersCard, page, id);
new TurnCheck(speakersCard, player, id);
const voicesCard = page.querySelector("[data-known-voices]");
const voices = voicesCard instanceof HTMLElement ? new KnownVoicesCard(voicesCard, id, reload) : null;
const share = document.querySelector("#share") ? shareDialog(id) : null;
let hasPeaks = false;

let marked = { start: 0, end: 0 };
waveform.onSelect(showMarked);
waveform.onShift((place, start, end) => text.shift(place, start, end));
text.onRows((rows) => {
  waveform.segments = rows;
  speakers.showRows(rows);
});

startPage();
exportStyleForm(page);
shortcuts(transcriptShortcuts());
logPanel(find(page, "[data-log]", HTMLDetailsElement));
onAction(page, (action) => void act(action));
find(page, '[name="export-original"]', HTMLInputElement).addEventListener("change", ({ target }) =>
  exportOriginal(/** @type {HTMLInputElement} */ (target).checked),
);
follow();

/** Follow the transcription until it has ended; events tell that there is something new, and how far it is. */
function follow() {
  listen(
    api(`/transcriptions/${id}/events`),
    { opened: connectionBack, lost: connectionLost },
    {
      transcription(job) {
        reload();
        return isOpen(job);
      },
      deleted() {
        location.assign(url("/history"));
        return false;
      },
    },
  );
}

/** @param {FullTranscription} job */
function show(job) {
  showState(page, job);
  text.duration = job.duration ?? 0;
  text.show(job.segments, !isOpen(job)).catch((error) => showError(page, problemOf(error)));
  hotwords.show(job.hotwords);
  channels.show(job);
  speakers.show(job);
  voices?.show(job);
  if (job.duration !== null) player.hear(api(`/transcriptions/${id}/audio?heard=true`), job.duration);
  waveform.duration = job.duration ?? player.duration;
  if (!hasPeaks && job.duration !== null) void showPeaks();
}

/** @param {number} start @param {number} end seconds of the recording that are marked in the waveform */
function showMarked(start, end) {
  marked = { start, end };
  buttonOf(page, "reread-selection").hidden = end <= start;
  write(page, "selection", t("Read {from}–{to} again …", { from: clock(start), to: clock(end) }));
}

async function showPeaks() {
  hasPeaks = true;
  try {
    const { peaks, events } = await getPeaks(id);
    waveform.peaks = peaks;
    if (events) waveform.bands = events.marks;
    showKey(page, events?.totals ?? []);
  } catch {
    hasPeaks = false; // not drawn yet: the next change asks again
  }
}

/** @param {string} action */
async function act(action) {
  const name = field(page, "name").textContent ?? "";
  showError(page, null);
  try {
    if (action === "rename") await rename(name);
    if (action === "print") window.print();
    if (action === "share") await share?.();
    if (action === "retranscribe") await retranscribeInDialog(id);
    if (action === "reread-selection") text.rereadBetween(marked.start, marked.end);
    if (action === "replacements") await replacementsInDialog(id);
    if (action === "cancel") await cancelTranscription(id);
    if (action === "retry") await retry();
    if (action === "delete" && (await confirmDelete(id, name))) location.assign(url("/history"));
  } catch (error) {
    showError(page, problemOf(error));
  }
}

/** @param {string} name the present one */
async function rename(name) {
  const job = await renameInDialog(id, name);
  if (job) showHead(page, job);
}

/** @param {boolean} isWanted */
function exportOriginal(isWanted) {
  for (const link of page.querySelectorAll("[data-export]")) {
    const address = new URL(/** @type {HTMLAnchorElement} */ (link).href);
    if (isWanted) address.searchParams.set("original", "true");
    else address.searchParams.delete("original");
    link.setAttribute("href", address.pathname + address.search);
  }
}

async function retry() {
  await retryTranscription(id);
  follow();
}
