import assert from "node:assert/strict";
import { test } from "node:test";
import { placeAt, rowAt } from "../../static/js/editing/rows-at.js";

const rows = [
  { start: 0.284, end: 2 },
  { start: 3, end: 5 },
];

test("a row is found by any moment in it", () => {
  assert.equal(rowAt(rows, 0.284), rows[0]);
  assert.equal(rowAt(rows, 4.999), rows[1]);
});

test("a moment that was rounded to just before the row still finds it", () => {
  assert.equal(rowAt(rows, 0.28), rows[0]);
});

test("nothing is said in a pause and after the end", () => {
  assert.equal(rowAt(rows, 2.5), undefined);
  assert.equal(rowAt(rows, 5), undefined);
  assert.equal(placeAt(rows, 2.5), 1);
});
