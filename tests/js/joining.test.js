import assert from "node:assert/strict";
import test from "node:test";
import { joinTexts } from "../../static/js/editing/joining.js";
import { examples } from "./examples.js";

for (const { texts, joined } of examples("joining"))
  test(`${JSON.stringify(texts)} is joined as the server joins it`, () => assert.equal(joinTexts(texts), joined));
