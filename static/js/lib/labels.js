import { find } from "./dom.js";

/** @type {Record<string, Record<string, string>>} */
const labels = JSON.parse(find(document, "#labels", HTMLScriptElement).text);

/**
 * Return what a person reads for a code that the API answers with, as app/web/labels.py has it; an unknown code is
 * its own label.
 *
 * @param {string} kind
 * @param {string | null} code
 */
export const label = (kind, code) => labels[kind][code ?? ""] ?? code ?? "";
