import { clock } from "./format.js";

/** Write a position to the millisecond: 0:07.250. @param {number} seconds */
export function preciseClock(seconds) {
  const milliseconds = Math.round(seconds * 1000);
  return `${clock(Math.floor(milliseconds / 1000))}.${String(milliseconds % 1000).padStart(3, "0")}`;
}

/** Write a length both ways: 2.610 s (2610 ms). @param {number} seconds */
export function secondsAndMs(seconds) {
  return `${seconds.toFixed(3)} s (${Math.round(seconds * 1000)} ms)`;
}
