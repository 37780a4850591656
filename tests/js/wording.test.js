import assert from "node:assert/strict";
import test from "node:test";
import "./document.js";
import { examples } from "./examples.js";

const { optionValue, soundNames } = await import("../../static/js/lib/wording.js");

for (const { name, value, shown } of examples("option_values"))
  test(`${value || "nothing"} for ${name} is written as the server writes it`, () =>
    assert.equal(optionValue(name, value), shown));

test("what was heard beside the words is named, and what nobody knows is left as it is", () =>
  assert.equal(soundNames("language:ja laughter whistle"), "Japanese · Laughter · whistle"));
