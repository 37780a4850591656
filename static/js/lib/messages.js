import { find } from "./dom.js";

/** @type {Record<string, string>} */
const wording = JSON.parse(find(document, "#messages", HTMLScriptElement).text);

/**
 * Return the wording of an English text in the page's language, with `{names}` filled in.
 *
 * @param {string} text
 * @param {Record<string, string | number>} [values]
 */
export function t(text, values = {}) {
  return (wording[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
