/** @import { FullTranscription, Transcription } from "../../api/types.js" */
import { problemOf, retranscribe } from "../../api/client.js";
import { find, write } from "../../lib/dom.js";

/**
 * Offer the other sound tracks of a film where its result stands: which it has is known only once it has been read.
 *
 * @param {HTMLElement} result
 * @param {FullTranscription} job
 * @param {(job: Transcription) => void} onStarted
 */
export function offerTracks(result, job, onStarted) {
  const form = find(result, "[data-tracks]", HTMLFormElement);
  form.hidden = job.tracks.length < 2;
  if (form.hidden) return;
  const read = job.receipt.find((line) => line.name === "track")?.applied ?? "1";
  const select = find(form, "select", HTMLSelectElement);
  const button = find(form, "button", HTMLButtonElement);
  select.replaceChildren(
    ...job.tracks.map((track) => new Option(titleOf(track), `${track.number}`, false, read === `${track.number}`)),
  );
  select.addEventListener("change", () => (button.disabled = select.value === read));
  button.disabled = true;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    retranscribe(job.id, { track: Number(select.value) }).then(onStarted, (error) => {
      write(form, "error", problemOf(error).message);
      button.disabled = false;
    });
  });
}

/** @param {FullTranscription["tracks"][number]} track */
const titleOf = ({ number, title, language, codec }) => [number, title, language, codec].filter(Boolean).join(" · ");
