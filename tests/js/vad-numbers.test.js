import assert from "node:assert/strict";
import test from "node:test";
import "./document.js";

const { complaintAbout, mostPadding, serverSettings } = await import("../../static/js/components/vad/vad-numbers.js");

for (const value of [Number.NaN, 999, 60001])
  test(`${value} is refused with the bounds`, () =>
    assert.equal(complaintAbout(value, { low: 1000, high: 60000 }), "Enter 1000 to 60000."));

for (const value of [1000, 60000])
  test(`${value} is within its bounds`, () => assert.equal(complaintAbout(value, { low: 1000, high: 60000 }), ""));

test("the padding is at most a quarter of the longest segment", () => assert.equal(mostPadding(1001), 250));

test("the options of a detector have names of their own among the settings", () =>
  assert.deepEqual(serverSettings({ detector: "webrtcvad", mode: 3, min_silence_ms: 500 }), {
    vad_detector: "webrtcvad",
    vad_mode: 3,
    min_silence_ms: 500,
  }));
