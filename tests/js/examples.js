import { readFileSync } from "node:fs";

/**
 * Return the examples that the tests of Python and of JavaScript share.
 *
 * @param {string} name of a file in tests/data
 * @returns {any[]}
 */
export const examples = (name) => JSON.parse(readFileSync(new URL(`../data/${name}.json`, import.meta.url), "utf-8"));
