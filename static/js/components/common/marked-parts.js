/** @import { DiffPart } from "../../editing/diff.js" */
import { create } from "../../lib/dom.js";

/** Return one of two compared texts, what differs as elements of this name. @param {DiffPart[]} parts @param {"del" | "ins"} name */
export const markedParts = (parts, name) =>
  parts.map(({ text, isChanged }) => (isChanged && text.trim() ? create(name, {}, text) : text));
