import { startJournal } from "../../lib/journal.js";
import { keepFocus } from "./focus-keeper.js";
import { logOutButton } from "./log-out.js";
import { closeMenusOutside } from "./menus.js";
import { shortcutsDialog } from "./shortcuts.js";
import { limitSticky } from "./sticky-limit.js";
import { moment } from "../../lib/moment.js";
import { themeSwitch } from "./theme-switch.js";

/** What every page does. */
export function startPage() {
  startJournal();
  keepFocus();
  themeSwitch();
  closeMenusOutside();
  shortcutsDialog();
  limitSticky();
  logOutButton();
  localTimes(document);
  forgetBanners();
}

/** A server that is well again has no closed banners: the next fault is told, even the same. */
function forgetBanners() {
  if (document.querySelector("[data-banner]")) return;
  try {
    localStorage.removeItem("closed-banners");
  } catch {
    // nothing could be kept either
  }
}

/**
 * Write the server's times in the reader's zone.
 *
 * @param {ParentNode} root
 */
export function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const timestamp = element.getAttribute("datetime");
    if (timestamp) element.textContent = moment(timestamp);
  }
}
