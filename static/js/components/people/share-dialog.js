/** @import { Grant, ShareLink } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { createShareLink, getShares, removeShare, shareWith } from "../../api/people.js";
import { url } from "../../lib/address.js";
import { openDialog } from "../../lib/dialog.js";
import { buttonOf, copyOf, field, find, onAction, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { moment } from "../../lib/moment.js";
import { copyButton } from "../common/copy-button.js";
import { showError } from "../common/problem-box.js";

/**
 * Let the owner see and change by which links, and with whom, a transcription is shared.
 *
 * @param {string} id of the transcription
 */
export function shareDialog(id) {
  const dialog = find(document, "#share", HTMLDialogElement);
  const form = find(dialog, "form", HTMLFormElement);
  copyButton(buttonOf(dialog, "copy-secret"), () => field(dialog, "secret").textContent ?? "");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(dialog, id, () => grant(form, id));
  });
  onAction(dialog, (action, button) => {
    if (action === "create-link") void attempt(dialog, id, () => addLink(dialog, form, id));
    if (action === "remove-share") {
      void attempt(dialog, id, () => removeShare(id, button.closest("li")?.dataset.id ?? ""));
    }
  });
  return async () => {
    slotOf(dialog, "secret").hidden = true;
    void attempt(dialog, id, async () => {});
    await openDialog(dialog);
  };
}

/**
 * Do what the owner asked for, say what did not work, and show what came of it.
 *
 * @param {HTMLDialogElement} dialog
 * @param {string} id
 * @param {() => Promise<unknown>} step
 */
async function attempt(dialog, id, step) {
  try {
    await step();
    const { links, grants } = await getShares(id);
    find(dialog, "[data-shares]", HTMLElement).replaceChildren(...links.map(linkItem), ...grants.map(grantItem));
    slotOf(dialog, "unshared").hidden = links.length + grants.length > 0;
    showError(dialog, null);
  } catch (error) {
    showError(dialog, problemOf(error));
  }
}

/** @param {HTMLDialogElement} dialog @param {HTMLFormElement} form @param {string} id */
async function addLink(dialog, form, id) {
  const data = new FormData(form);
  const created = await createShareLink(id, {
    may_edit: data.has("may_edit"),
    with_audio: data.has("with_audio"),
    days: Number(data.get("days")) || null,
  });
  write(dialog, "secret", new URL(url(`/s/${created.secret}`), location.href).href);
  slotOf(dialog, "secret").hidden = false;
}

/** @param {HTMLFormElement} form @param {string} id */
async function grant(form, id) {
  const data = new FormData(form);
  await shareWith(id, {
    name: String(data.get("name")).trim(),
    is_group: data.get("kind") === "group",
    may_edit: data.has("may_edit"),
  });
  find(form, "[name=name]", HTMLInputElement).value = "";
}

/** @param {ShareLink} link */
function linkItem(link) {
  const facts = [
    ...(link.for_audience
      ? [t("for the audience of the live session")]
      : [
          link.may_edit ? t("read and correct") : t("read"),
          link.with_audio ? t("with the recording") : t("without the recording"),
        ]),
    link.expires_at ? t("until {time}", { time: moment(link.expires_at) }) : t("without an end"),
    t("opened {count} times", { count: link.opened }),
  ];
  return itemOf(link.id, t("Link of {time}", { time: moment(link.created_at) }), facts);
}

/** @param {Grant} granted */
function grantItem(granted) {
  const what = granted.is_group ? t("Group {name}", { name: granted.name }) : granted.name;
  return itemOf(granted.id, what, [granted.may_edit ? t("read and correct") : t("read")]);
}

/** @param {string} id @param {string} what @param {string[]} facts */
function itemOf(id, what, facts) {
  const item = copyOf("share-template");
  item.dataset.id = id;
  write(item, "what", what);
  write(item, "facts", facts.join(" · "));
  return item;
}
