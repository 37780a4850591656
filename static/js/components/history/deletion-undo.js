import { restoreOne } from "../../api/history.js";
import { t } from "../../lib/messages.js";
import { offerUndo } from "../common/notices.js";

const KEY = "funasr.deleted";

/**
 * Remember for the next page what was deleted on this one.
 *
 * @param {string} id
 * @param {string} name
 */
export function rememberDeletion(id, name) {
  sessionStorage.setItem(KEY, JSON.stringify({ id, name }));
}

/**
 * Offer to take back what was deleted on the page before.
 *
 * @param {() => void} restored
 */
export function offerToUndoDeletion(restored) {
  const stored = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (!stored) return;
  const { id, name } = JSON.parse(stored);
  offerUndo(t("Moved to the trash: {name}", { name }), async () => {
    await restoreOne(id);
    restored();
  });
}
