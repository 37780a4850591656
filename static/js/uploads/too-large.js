/** @import { Problem } from "../api/types.js" */
import { filesize } from "../lib/format.js";
import { t } from "../lib/messages.js";

/** What is wrong with a file above the server's limit. @param {number} limitBytes @returns {Problem} */
export function tooLarge(limitBytes) {
  return {
    code: "upload_too_large",
    message: t("The file is larger than the limit of {limit}.", { limit: filesize(limitBytes) }),
    advice: t("Send a compressed copy (MP3, M4A or Opus), or let the administrator raise FUNASR_MAX_UPLOAD_MB."),
  };
}
