/** @import { ModelItem, Needs, Pull } from "../../api/types.js" */
import { buttonOf, find, slotOf, write } from "../../lib/dom.js";
import { clock, filesize } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";
import { ThroughputMeter } from "../../lib/throughput-meter.js";
import { installingLine } from "../common/installing.js";
import { fillProblem } from "../common/problem-box.js";

/** @type {WeakMap<HTMLElement, ThroughputMeter>} */
const meters = new WeakMap();

/**
 * Show how a model is now; what it is does not change.
 *
 * @param {HTMLElement} card
 * @param {ModelItem} model
 */
export function showModel(card, model) {
  card.dataset.state = model.state;
  const badge = find(card, ".badge", HTMLElement);
  const isIncomplete = Boolean(model.needs) && model.state === "ready";
  badge.dataset.state = isIncomplete ? "stopped" : model.state;
  write(card, "state", label("model_state", isIncomplete ? "stopped" : model.state));
  write(card, "size", sizeOf(model));
  fillProblem(card, model.problem);
  showPull(card, model.pull);
  showNeeds(card, model.needs, model.state);
}

/** @param {HTMLElement} card @param {Needs | null} needs @param {ModelItem["state"]} state */
function showNeeds(card, needs, state) {
  const box = slotOf(card, "needs");
  box.hidden = !needs;
  card.toggleAttribute("data-needs", Boolean(needs));
  if (!needs) return;
  const isHere = !["available", "pulling", "stopped"].includes(state);
  const byHand = !needs.can_install || (isHere && Boolean(needs.problem));
  card.toggleAttribute("data-installing", needs.is_running);
  write(card, "needs", needs.is_running ? installingLine(needs) : needsLine(needs, isHere));
  write(card, "needs-problem", needs.problem?.message ?? needs.obstacle);
  slotOf(card, "needs-command").hidden = !byHand || needs.is_running;
  write(card, "needs-command", needs.command);
  buttonOf(card, "install").hidden = !isHere || !needs.can_install || needs.is_running;
  const bar = find(box, "progress", HTMLProgressElement);
  bar.hidden = !needs.is_running;
  if (needs.total && needs.current) bar.value = (100 * needs.done) / needs.total;
  else bar.removeAttribute("value");
}

/** @param {Needs} needs @param {boolean} isHere */
function needsLine({ packages, megabytes, can_install: canInstall }, isHere) {
  const values = { packages: packages.join(", "), size: `${megabytes} MB` };
  if (isHere || !canInstall) return t("It also needs {packages} (about {size}), which is not installed.", values);
  return t("It also needs {packages} (about {size}), which comes with the download.", values);
}

/** @param {HTMLElement} card @param {Pull | null} pull */
function showPull(card, pull) {
  const bar = find(card, "progress", HTMLProgressElement);
  find(card, ".model__progress", HTMLElement).hidden = !pull || (!pull.is_running && pull.done_bytes === 0);
  if (!pull) return;
  if (pull.is_running && (pull.phase !== "downloading" || !pull.total_bytes)) bar.removeAttribute("value");
  else bar.value = pull.total_bytes ? (100 * pull.done_bytes) / pull.total_bytes : 0;
  write(card, "detail", pull.is_running ? runningLine(pull, throughputOf(card, pull)) : stoppedLine(pull));
}

/** @param {HTMLElement} card @param {Pull} pull */
function throughputOf(card, pull) {
  const throughput = meters.get(card) ?? new ThroughputMeter();
  meters.set(card, throughput);
  throughput.add(pull.done_bytes);
  return throughput.perSecond;
}

/** @param {Pull} pull @param {number | null} perSecond */
function runningLine(pull, perSecond) {
  if (pull.phase === "asking") return t("Asking the hub …");
  if (pull.phase === "unpacking") return t("Unpacking …");
  if (pull.phase === "verifying") return t("Verifying …");
  if (pull.trouble)
    return t("{amount} · the connection broke ({reason}); trying again …", {
      amount: amount(pull),
      reason: pull.trouble,
    });
  const parts = [amount(pull)];
  if (perSecond) parts.push(`${filesize(perSecond)}/s`);
  if (perSecond && pull.total_bytes) {
    parts.push(t("about {time} left", { time: clock(Math.ceil((pull.total_bytes - pull.done_bytes) / perSecond)) }));
  }
  return parts.join(" · ");
}

/** @param {Pull} pull */
function stoppedLine(pull) {
  return t("{amount} have arrived and are kept", { amount: amount(pull) });
}

/** @param {Pull} pull */
function amount({ done_bytes, total_bytes }) {
  if (!total_bytes) return filesize(done_bytes);
  return `${Math.floor((100 * done_bytes) / total_bytes)}% · ${filesize(done_bytes)} / ${filesize(total_bytes)}`;
}

/** @param {ModelItem} model */
function sizeOf({ size_bytes, size_is_estimate }) {
  if (size_bytes === null) return ""; // the download tells it
  return size_is_estimate ? t("about {size}", { size: filesize(size_bytes) }) : filesize(size_bytes);
}
