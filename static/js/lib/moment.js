import { t } from "./messages.js";

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

/** Write a moment into a <time>. @param {HTMLTimeElement} element @param {string} timestamp */
export function showMoment(element, timestamp) {
  element.dateTime = timestamp;
  element.textContent = moment(timestamp);
}
