/** @import { Needs } from "../../api/types.js" */
import { t } from "../../lib/messages.js";

/** How far the installation of packages is. @param {Needs} needs */
export function installingLine({ done, total, current }) {
  if (!total) return t("Looking what is missing …");
  return current ? t("Fetching {name}: {done} of {total}", { name: current, done, total }) : t("Installing …");
}
