import assert from "node:assert/strict";
import test from "node:test";
import { isRecording } from "../../static/js/uploads/dropped-files.js";
import { examples } from "./examples.js";

for (const { name, is_recording: expected } of examples("recordings_in_folders"))
  test(`${name} in a folder is ${expected ? "taken" : "left out"}, as on the server`, () =>
    assert.equal(isRecording(chosen(name)), expected));

test("a file that was chosen itself is taken whatever its name, for the server looks into it", () =>
  assert.equal(isRecording({ ...chosen("sound without an ending"), path: "sound without an ending" }), true));

/** @param {string} name */
const chosen = (name) => ({ file: new File([], name), path: `folder/${name}` });
