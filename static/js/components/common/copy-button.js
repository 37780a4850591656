import { create, field, write } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

const SHOWN_MS = 2500;

/**
 * Copy what `textOf` returns; the button itself says that it worked.
 *
 * @param {HTMLElement} button with a [data-field=copy]
 * @param {() => string} textOf
 */
export function copyButton(button, textOf) {
  const name = field(button, "copy").textContent ?? "";
  button.addEventListener("click", async () => {
    const isCopied = await copy(textOf());
    write(button, "copy", isCopied ? t("Copied") : t("Select the text and copy it by hand"));
    setTimeout(() => write(button, "copy", name), SHOWN_MS);
  });
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByCommand(text); // http on a LAN address: there is no clipboard object
  }
}

/** @param {string} text */
function copyByCommand(text) {
  const area = create("textarea", { className: "visually-hidden", value: text });
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  return isCopied;
}
