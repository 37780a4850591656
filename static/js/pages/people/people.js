/** @import { Person, PersonLink } from "../../api/types.js" */
import { addPerson, changePerson, getPeople, offerLink, removePerson } from "../../api/people.js";
import { attempts } from "../../components/common/attempts.js";
import { copyButton } from "../../components/common/copy-button.js";
import { startPage } from "../../components/common/page.js";
import { url } from "../../lib/address.js";
import { openDialog } from "../../lib/dialog.js";
import { buttonOf, copyOf, create, field, find, onAction, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { filesize } from "../../lib/format.js";
import { limitOf, limitsOf } from "./limits.js";

startPage();
const root = find(document, "[data-people]", HTMLElement);
const adding = find(root, "[data-add]", HTMLFormElement);
const list = find(root, "[data-list]", HTMLElement);
const removal = find(document, "#removal", HTMLDialogElement);
/** @type {Person[]} */
let people = [];
const attempt = attempts(root, async () => {
  people = (await getPeople()).people;
  list.replaceChildren(...people.map(itemOf));
});

copyButton(buttonOf(root, "copy-link"), () => field(root, "link").textContent ?? "");
adding.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(add);
});
list.addEventListener("change", (event) => {
  const { target } = event;
  if (target instanceof HTMLSelectElement) {
    void attempt(() => changePerson(idOf(target), { role: /** @type {Person["role"]} */ (target.value) }));
  }
  if (target instanceof HTMLInputElement && target.reportValidity()) {
    void attempt(() => changePerson(idOf(target), { [target.name]: limitOf(target.value) }));
  }
});
onAction(list, (action, button) => {
  const person = people.find(({ id }) => id === idOf(button));
  if (!person) return;
  if (action === "link") void attempt(async () => showLink(await offerLink(person.id)));
  if (action === "disable") void attempt(() => changePerson(person.id, { is_disabled: !person.is_disabled }));
  if (action === "remove") void attempt(() => askToRemove(person));
});
buttonOf(removal, "keep").addEventListener("click", () => removal.close(""));
void attempt(async () => {});

async function add() {
  const data = new FormData(adding);
  showLink(await addPerson(String(data.get("name")).trim(), String(data.get("role"))));
  adding.reset();
}

/** @param {PersonLink} link */
function showLink({ person, secret }) {
  write(
    root,
    "link-text",
    t("Give this link to {name}: it sets a password, once, within three days.", { name: person.name }),
  );
  write(root, "link", new URL(url(`/welcome#${secret}`), location.href).href);
  slotOf(root, "link").hidden = false;
}

/** @param {Person} person */
async function askToRemove(person) {
  const heirs = find(removal, "[name=heir]", HTMLSelectElement);
  const others = people.filter(({ id }) => id !== person.id);
  heirs.replaceChildren(...others.map(({ id, name }) => create("option", { value: id }, name)));
  write(removal, "who", t("{name}: their sessions and API keys end at once.", { name: person.name }));
  if ((await openDialog(removal)) === "remove") await removePerson(person.id, heirs.value);
}

/** @param {Person} person */
function itemOf(person) {
  const item = copyOf("person-template");
  item.dataset.id = person.id;
  write(item, "name", person.name);
  write(item, "facts", factsOf(person));
  write(item, "disable", person.is_disabled ? t("Enable") : t("Disable"));
  find(item, "[data-role]", HTMLSelectElement).value = person.role;
  for (const name of /** @type {const} */ (["hours_per_day", "jobs_at_once"])) {
    find(item, `[name=${name}]`, HTMLInputElement).value = String(person[name] ?? "");
  }
  const state = field(item, "state");
  state.hidden = (person.has_password || person.is_external) && !person.is_disabled;
  state.dataset.state = person.is_disabled ? "cancelled" : "running";
  state.textContent = person.is_disabled ? t("Disabled") : t("No password yet");
  return item;
}

/** @param {Person} person */
function factsOf(person) {
  const { recordings, seconds, size_bytes: size, busy, voices, groups } = person;
  const hours = (seconds / 3600).toFixed(1);
  const parts = [t("{count} recordings", { count: recordings }), t("{hours} hours", { hours }), filesize(size)];
  if (busy) parts.push(t("{count} in work", { count: busy }));
  if (voices) parts.push(t("{count} known voices", { count: voices }));
  return [...parts, ...limitsOf(person), ...groups].join(" · ");
}

/** @param {Element} element */
function idOf(element) {
  const item = element.closest("li");
  return item?.dataset.id ?? "";
}
