/** @import { Delivery, Webhook } from "../api/types.js" */
import { copyButton } from "../components/common/copy-button.js";
import { startPage } from "../components/common/page.js";
import { fillProblem } from "../components/common/problem-box.js";
import { problemOf } from "../api/client.js";
import { addWebhook, getDeliveries, getWebhooks, removeWebhook, resendDelivery, testWebhook } from "../api/webhooks.js";
import { buttonOf, copyOf, field, find, onAction, slotOf, write } from "../lib/dom.js";
import { label } from "../lib/labels.js";
import { t } from "../lib/messages.js";
import { moment } from "../lib/moment.js";

const POLL_MS = 3000;
const BADGES = { waiting: "running", delivered: "succeeded", failed: "failed" };

startPage();
const root = find(document, "[data-webhooks]", HTMLElement);
const form = find(root, "[data-add]", HTMLFormElement);
const receivers = find(root, "[data-receivers]", HTMLElement);
const deliveries = find(root, "[data-deliveries]", HTMLElement);
let shown = "";

copyButton(buttonOf(root, "copy-secret"), () => field(root, "secret").textContent ?? "");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(add);
});
onAction(root, (action, button) => {
  const id = button.closest("li")?.dataset.id ?? "";
  if (action === "test") void attempt(() => testWebhook(id));
  if (action === "remove") void attempt(() => removeWebhook(id));
  if (action === "resend") void attempt(() => resendDelivery(id));
});
void refresh();
setInterval(() => void refresh(), POLL_MS);

/** Do what a person asked for, say what did not work, and show what came of it. @param {() => Promise<unknown>} step */
async function attempt(step) {
  try {
    await step();
    showProblem(null);
  } catch (error) {
    showProblem(error);
  }
  await refresh();
}

async function add() {
  const data = new FormData(form);
  const added = await addWebhook(String(data.get("url")).trim(), data.getAll("events").map(String));
  form.reset();
  write(root, "secret", added.secret);
  slotOf(root, "secret").hidden = false;
}

async function refresh() {
  try {
    const [known, sent] = await Promise.all([getWebhooks(), getDeliveries()]);
    show(known.webhooks, sent.deliveries);
  } catch (error) {
    showProblem(error);
  }
}

/** @param {Webhook[]} known @param {Delivery[]} sent */
function show(known, sent) {
  const now = JSON.stringify([known, sent]);
  if (now === shown) return; // an open message and the focus stay where they are
  shown = now;
  const focused = document.activeElement?.closest("[data-webhooks] li [data-action]");
  receivers.replaceChildren(...known.map(receiverOf));
  deliveries.replaceChildren(...sent.map(deliveryOf));
  slotOf(root, "no-receivers").hidden = known.length > 0;
  slotOf(root, "no-deliveries").hidden = sent.length > 0;
  if (focused instanceof HTMLElement) focusAgain(focused);
}

/** Give the focus to what took the place of a button, or to the form where it is gone. @param {HTMLElement} former */
function focusAgain(former) {
  const item = root.querySelector(`li[data-id="${former.closest("li")?.dataset.id}"]`);
  const button = item?.querySelector(`[data-action="${former.dataset.action}"]`);
  const next = button ?? find(form, "[name=url]", HTMLInputElement);
  if (next instanceof HTMLElement) next.focus();
}

/** @param {Webhook} webhook */
function receiverOf({ id, url, events }) {
  const item = copyOf("receiver-template");
  item.dataset.id = id;
  write(item, "url", url);
  write(item, "events", events.map((event) => label("webhook_event", event)).join(" · "));
  return item;
}

/** @param {Delivery} delivery */
function deliveryOf(delivery) {
  const item = copyOf("delivery-template");
  item.dataset.id = delivery.id;
  field(item, "state").dataset.state = BADGES[delivery.state];
  write(item, "state", label("delivery_state", delivery.state));
  write(item, "event", label("webhook_event", delivery.event));
  write(item, "at", moment(delivery.created_at));
  write(item, "url", delivery.url);
  write(item, "outcome", outcomeOf(delivery));
  write(item, "payload", delivery.payload);
  return item;
}

/** @param {Delivery} delivery */
function outcomeOf({ attempts, status, problem, next_at: next }) {
  if (!attempts) return t("Not tried yet");
  const parts = [attempts === 1 ? t("1 attempt") : t("{count} attempts", { count: attempts })];
  parts.push(problem || `HTTP ${status}`);
  if (next) parts.push(t("again {time}", { time: moment(next) }));
  return parts.join(" · ");
}

/** @param {unknown} error */
function showProblem(error) {
  slotOf(root, "problem").hidden = !error;
  fillProblem(slotOf(root, "problem"), error ? problemOf(error) : null);
}
