/** @import { Account, ApiKey, LoginSession } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { changePassword, createKey, getAccount, logOutEverywhere, removeKey } from "../../api/people.js";
import { copyButton } from "../../components/common/copy-button.js";
import { startPage } from "../../components/common/page.js";
import { fillProblem } from "../../components/common/problem-box.js";
import { buttonOf, copyOf, field, find, onAction, slotOf, write } from "../../lib/dom.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";
import { moment } from "../../lib/moment.js";
import { limitOf, limitsOf } from "./limits.js";

startPage();
const root = find(document, "[data-account]", HTMLElement);
const passwords = find(root, "[data-password]", HTMLFormElement);
const adding = find(root, "[data-add]", HTMLFormElement);

copyButton(buttonOf(root, "copy-secret"), () => field(root, "secret").textContent ?? "");
passwords.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(setPassword);
});
adding.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(addKey);
});
onAction(root, (action, button) => {
  if (action === "remove-key") void attempt(() => removeKey(button.closest("li")?.dataset.id ?? ""));
  if (action === "log-out-everywhere") void attempt(logOutEverywhere);
});
void attempt(async () => {});

/** Do what a person asked for, say what did not work, and show what came of it. @param {() => Promise<unknown>} step */
async function attempt(step) {
  let problem = null;
  try {
    await step();
    show(await getAccount());
  } catch (error) {
    problem = problemOf(error);
  }
  slotOf(root, "problem").hidden = !problem;
  fillProblem(slotOf(root, "problem"), problem);
}

async function setPassword() {
  const data = new FormData(passwords);
  await changePassword(String(data.get("old")), String(data.get("new")));
  passwords.reset();
  slotOf(root, "changed").hidden = false;
}

async function addKey() {
  const data = new FormData(adding);
  const created = await createKey({
    name: String(data.get("name")).trim(),
    scopes: /** @type {ApiKey["scopes"]} */ (data.getAll("scopes").map(String)),
    days: Number(data.get("days")) || null,
    webhook_url: String(data.get("webhook_url")).trim() || null,
    hours_per_day: limitOf(data.get("hours_per_day")),
    jobs_at_once: limitOf(data.get("jobs_at_once")),
  });
  adding.reset();
  write(root, "secret", created.secret);
  write(root, "webhook-secret", created.webhook_secret ?? "");
  slotOf(root, "webhook-secret").hidden = !created.webhook_secret;
  slotOf(root, "secret").hidden = false;
}

/** @param {Account} account */
function show({ person, used, keys, sessions }) {
  write(document, "facts", [label("role", person.role), ...person.groups].join(" · "));
  passwords.hidden = person.is_external && !person.has_password;
  write(document, "used", usedOf(person, used));
  find(root, "[data-keys]", HTMLElement).replaceChildren(...keys.map(keyOf));
  find(root, "[data-sessions]", HTMLElement).replaceChildren(...sessions.map(sessionOf));
  slotOf(root, "no-keys").hidden = keys.length > 0;
}

/** Say what of the own limits is used. @param {Account["person"]} limits @param {Account["used"]} used */
function usedOf({ hours_per_day: hours, jobs_at_once: jobs }, used) {
  const count = (used.seconds / 3600).toFixed(1);
  const sound =
    hours === null
      ? t("{count} hours of sound in the last 24 hours", { count })
      : t("{count} of {most} hours of sound in the last 24 hours", { count, most: hours });
  if (jobs === null) return sound;
  return [sound, t("{count} of {most} recordings at once", { count: used.jobs, most: jobs })].join(" · ");
}

/** @param {ApiKey} key */
function keyOf(key) {
  const item = copyOf("key-template");
  item.dataset.id = key.id;
  write(item, "name", key.name);
  write(item, "beginning", `${key.beginning}…`);
  const used = key.used_at ? t("last used {time}", { time: moment(key.used_at) }) : t("never used");
  const end = key.expires_at ? t("expires {time}", { time: moment(key.expires_at) }) : t("does not expire");
  const opens = key.scopes.map((scope) => label("permission", scope));
  write(item, "facts", [...opens, ...limitsOf(key), used, end].join(" · "));
  return item;
}

/** @param {LoginSession} session */
function sessionOf(session) {
  const item = copyOf("session-template");
  write(item, "agent", session.agent || t("unknown browser"));
  write(item, "facts", [session.address, t("last seen {time}", { time: moment(session.seen_at) })].join(" · "));
  slotOf(item, "this").hidden = !session.is_this;
  return item;
}
