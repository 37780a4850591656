import assert from "node:assert/strict";
import test from "node:test";
import { EchoDetector } from "../../static/js/audio/echo-detector.js";

const CHUNK = 1600; // a tenth of a second

/** Chunks of two channels at these levels. @param {number[]} microphone @param {number[]} computer */
function heard(microphone, computer) {
  const detector = new EchoDetector();
  for (const [index, level] of microphone.entries()) {
    const samples = new Int16Array(2 * CHUNK);
    for (let at = 0; at < CHUNK; at++) {
      samples[2 * at] = (at % 2 ? 1 : -1) * level;
      samples[2 * at + 1] = (at % 2 ? 1 : -1) * computer[index];
    }
    detector.add(samples);
  }
  return detector.isEcho;
}

/** Somebody who speaks for a while and then listens, in tenths of a second. @param {number} shift */
const talk = (shift) =>
  Array.from({ length: 150 }, (_, at) =>
    Math.floor((at + shift) / 20) % 2 ? 0 : 3000 + 2500 * Math.sin((at + shift) * 1.9),
  );
const noise = (/** @type {number} */ at) => 20 + 10 * Math.sin(at * 7);

test("loudspeakers that the microphone hears are told", () => {
  const others = talk(0);
  const microphone = others.map((_, at) => noise(at) + 0.2 * (others[at - 1] ?? 0));

  assert.equal(heard(microphone, others), true);
});

test("two people who talk to each other are no echo", () => {
  const others = talk(0);
  const mine = talk(20).map((level, at) => noise(at) + level);

  assert.equal(heard(mine, others), false);
});

test("a computer that plays nothing has no echo", () => {
  assert.equal(heard(talk(0), Array(150).fill(0)), false);
});

test("headphones keep the others out of the microphone", () => {
  assert.equal(
    heard(
      talk(0).map((_, at) => noise(at)),
      talk(0),
    ),
    false,
  );
});
