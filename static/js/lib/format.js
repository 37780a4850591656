import { t } from "./messages.js";

/**
 * Write a length or a position: 0:07, 12:30, 1:02:03.
 *
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, "0"));
  return parts[0] ? `${parts[0]}:${minutes}:${rest}` : `${Number(hours) * 60 + parts[1]}:${rest}`;
}

/**
 * Write a size the way people say it: 512 B, 3.4 MB, 2 GB.
 *
 * @param {number} bytes
 */
export function filesize(bytes) {
  let size = bytes;
  for (const unit of ["B", "KB", "MB"]) {
    if (size < 1024) return `${Number(size.toPrecision(3))} ${unit}`;
    size /= 1024;
  }
  return `${Number(size.toPrecision(3))} GB`;
}

const locale = document.documentElement.lang;
const clockTime = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const thisYear = new Intl.DateTimeFormat(locale, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});
const anyDay = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });

/**
 * Write a moment in the reader's zone, as short as it stays clear.
 *
 * @param {string} timestamp RFC 3339
 */
export function moment(timestamp) {
  const then = new Date(timestamp);
  const now = new Date();
  if (then.toDateString() === now.toDateString()) return t("today {time}", { time: clockTime.format(then) });
  return (then.getFullYear() === now.getFullYear() ? thisYear : anyDay).format(then);
}
