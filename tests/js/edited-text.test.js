import assert from "node:assert/strict";
import test from "node:test";
import { EditedText } from "../../static/js/editing/edited-text.js";
import { examples } from "./examples.js";

for (const { name, segments, edits, shown } of examples("edited_text"))
  test(`${name}, as on the server`, () => {
    const text = textOf(segments);
    text.edits = new Map(edits.map((/** @type {any} */ edit) => [edit.first, edit]));

    assert.deepEqual(
      text.rows.map(({ start, end, text, channel }) => ({ start, end, text, channel })),
      shown,
    );
  });

/** @param {any[]} segments */
function textOf(segments) {
  const text = new EditedText();
  text.segments = segments.map((segment, index) => ({ ...segment, index, state: "done", text_raw: segment.text }));
  return text;
}
