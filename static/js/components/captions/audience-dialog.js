/** @import { ShareLink } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { createShareLink, getShares, removeShare } from "../../api/people.js";
import { url } from "../../lib/address.js";
import { openDialog } from "../../lib/dialog.js";
import { buttonOf, copyOf, field, find, onAction, slotOf, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { moment } from "../../lib/moment.js";
import { copyButton } from "../common/copy-button.js";
import { showError } from "../common/problem-box.js";

/** The address at which others read along, and links to it that can be taken back. Returns what opens it for a transcription. */
export function audienceDialog() {
  const dialog = find(document, "#audience", HTMLDialogElement);
  const hasLinks = dialog.querySelector("[data-shares]") !== null;
  let id = "";
  copyButton(buttonOf(dialog, "copy-address"), () => field(dialog, "address").textContent ?? "");
  if (hasLinks) copyButton(buttonOf(dialog, "copy-secret"), () => field(dialog, "secret").textContent ?? "");
  onAction(dialog, (action, button) => {
    if (action === "create-link") void attempt(dialog, id, () => addLink(dialog, id));
    if (action === "remove-share")
      void attempt(dialog, id, () => removeShare(id, button.closest("li")?.dataset.id ?? ""));
  });
  return async (/** @type {string} */ transcription) => {
    id = transcription;
    const address = new URL(url(`/live/${id}/view`), location.href).href;
    write(dialog, "address", address);
    find(dialog, '[data-field="open-address"]', HTMLAnchorElement).href = address;
    if (hasLinks) slotOf(dialog, "secret").hidden = true;
    if (hasLinks) void attempt(dialog, id, async () => {});
    await openDialog(dialog);
  };
}

/** @param {HTMLDialogElement} dialog @param {string} id @param {() => Promise<unknown>} step */
async function attempt(dialog, id, step) {
  try {
    await step();
    const { links } = await getShares(id);
    const ours = links.filter(({ for_audience }) => for_audience);
    find(dialog, "[data-shares]", HTMLElement).replaceChildren(...ours.map(itemOf));
    showError(dialog, null);
  } catch (error) {
    showError(dialog, problemOf(error));
  }
}

/** @param {HTMLDialogElement} dialog @param {string} id */
async function addLink(dialog, id) {
  const days = Number(find(dialog, '[name="days"]', HTMLSelectElement).value) || null;
  const created = await createShareLink(id, { for_audience: true, may_edit: false, with_audio: false, days });
  write(dialog, "secret", new URL(url(`/s/${created.secret}`), location.href).href);
  slotOf(dialog, "secret").hidden = false;
}

/** @param {ShareLink} link */
function itemOf(link) {
  const item = copyOf("audience-link-template");
  item.dataset.id = link.id;
  write(item, "what", t("Link of {time}", { time: moment(link.created_at) }));
  const end = link.expires_at ? t("until {time}", { time: moment(link.expires_at) }) : t("without an end");
  write(item, "facts", [end, t("opened {count} times", { count: link.opened })].join(" · "));
  return item;
}
