import assert from "node:assert/strict";
import test from "node:test";
import "./document.js";

const { badgeOf, batchLine, batchPercent, batchStateName } = await import("../../static/js/lib/batch-wording.js");

test("a cancelled batch says how many were done and how many were not", () => {
  const cancelled = batch("cancelled", { succeeded: 4, cancelled: 8 }, { progress: 1 });

  assert.equal(batchLine(cancelled), "4 of 12 done · cancelled: 8");
  assert.equal(Math.round(batchPercent(cancelled)), 33);
});

test("a batch in which some failed does not look like one that went well", () => {
  const done = batch("done", { succeeded: 57, failed: 3 }, { progress: 1 });

  assert.equal(batchLine(done), "57 of 60 done · failed: 3");
  assert.equal(batchStateName(done), "Done, but some failed");
  assert.equal(badgeOf(done), "incomplete");
});

test("files that the server has not been told of count from the start, and nothing is estimated", () => {
  const running = batch("running", { running: 1, uploading: 1 }, { progress: 0.5, eta_seconds: 90 });

  assert.equal(batchLine(running, 140), "0% · 0 of 140 done · not uploaded yet: 139");
});

test("the time left is told once everything is there", () => {
  const running = batch("running", { succeeded: 1, running: 1, duplicate: 2 }, { progress: 0.75, eta_seconds: 89.2 });

  assert.equal(batchLine(running), "75% · 1 of 4 done · duplicates: 2 · about 1:30 left");
});

/** @param {string} state @param {Record<string, number>} counts @param {object} values @returns {any} */
function batch(state, counts, values) {
  const none = { uploading: 0, queued: 0, running: 0, succeeded: 0, failed: 0, cancelled: 0, duplicate: 0 };
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { state, counts: { ...none, ...counts, total }, progress: 0, eta_seconds: null, ...values };
}
