/** @import { RecognitionOptions } from "../../api/types.js" */
/** @typedef {{[Name in keyof RecognitionOptions as RecognitionOptions[Name] extends boolean ? Name : never]: boolean}} Switches */

/** Return the options that are on or off, as the switches of a form stand. @param {ParentNode} form @returns {Switches} */
export function switchesIn(form) {
  const entries = allIn(form).map(({ name, checked }) => [name, checked]);
  return /** @type {Switches} */ (Object.fromEntries(entries));
}

/** Set the switches that `stored` has a value for. @param {ParentNode} form @param {Record<string, unknown>} stored */
export function restoreSwitches(form, stored) {
  for (const each of allIn(form)) {
    const value = stored[each.name];
    if (typeof value === "boolean") each.checked = value;
  }
}

/** @param {ParentNode} form @returns {HTMLInputElement[]} */
const allIn = (form) =>
  [...form.querySelectorAll("input[data-option]")].filter((each) => each instanceof HTMLInputElement);
