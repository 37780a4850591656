// The filters of app/web/templating.py; tests/data/formats.json holds both to the same answers.

/**
 * Write a length or a position: 0:07, 12:30, 1:02:03.
 *
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${twoDigits(minutes)}:${twoDigits(rest)}` : `${minutes}:${twoDigits(rest)}`;
}

/**
 * Write a size the way people say it: 512 B, 3.4 MB, 2 GB.
 *
 * @param {number} bytes
 */
export function filesize(bytes) {
  let [size, unit] = [bytes, "B"];
  for (const larger of ["KB", "MB", "GB"]) {
    if (size < 1024) break;
    [size, unit] = [size / 1024, larger];
  }
  const digits = 10 ** (size < 10 ? 2 : size < 100 ? 1 : 0);
  return `${Math.floor(size * digits + 0.5) / digits} ${unit}`;
}

/** Write a position to the millisecond: 0:07.250. @param {number} seconds */
export function preciseClock(seconds) {
  const milliseconds = Math.round(seconds * 1000);
  return `${clock(Math.floor(milliseconds / 1000))}.${String(milliseconds % 1000).padStart(3, "0")}`;
}

/** Write a length both ways: 2.610 s (2610 ms). @param {number} seconds */
export function secondsAndMs(seconds) {
  return `${seconds.toFixed(3)} s (${Math.round(seconds * 1000)} ms)`;
}

/** @param {number} value */
const twoDigits = (value) => String(value).padStart(2, "0");
