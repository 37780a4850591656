import assert from "node:assert/strict";
import test from "node:test";
import { clock, filesize, preciseClock, secondsAndMs } from "../../static/js/lib/format.js";
import { examples } from "./examples.js";

for (const { clock: seconds, filesize: bytes, text } of examples("formats"))
  test(`${seconds ?? bytes} is written as the server writes it`, () =>
    assert.equal(seconds === undefined ? filesize(bytes) : clock(seconds), text));

test("a position is rounded to the millisecond before it is split", () => {
  assert.equal(preciseClock(59.9996), "1:00.000");
  assert.equal(preciseClock(7.25), "0:07.250");
});

test("a length is written in seconds and in milliseconds", () => assert.equal(secondsAndMs(2.61), "2.610 s (2610 ms)"));
