/** @import { Statistics } from "../../api/types.js" */
import { url } from "../../lib/address.js";
import { create, find, write } from "../../lib/dom.js";
import { filesize } from "../../lib/format.js";
import { label } from "../../lib/labels.js";
import { t } from "../../lib/messages.js";

const locale = document.documentElement.lang;
const number = new Intl.NumberFormat(locale);
const dayName = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone: "UTC" });

/**
 * Show totals and bars; every bar is a line of text first, and a length beside it.
 *
 * @param {HTMLElement} root
 * @param {Statistics} statistics
 */
export function showStatistics(root, statistics) {
  write(root, "count", number.format(statistics.count));
  write(root, "hours", soundLength(statistics.seconds));
  write(root, "size", filesize(statistics.size_bytes));
  write(
    root,
    "trash",
    statistics.trash_count ? `${number.format(statistics.trash_count)} · ${filesize(statistics.trash_bytes)}` : "0",
  );
  showDays(root, statistics.days);
  showBars(root, "state", statistics.by_state, "job_state");
  showBars(root, "language", statistics.by_language);
  showBars(root, "source", statistics.by_source);
  root.ariaBusy = "false";
}

/** @param {number} seconds */
function soundLength(seconds) {
  const hours = seconds / 3600;
  if (hours < 1) return t("{count} min", { count: number.format(Math.round(seconds / 60)) });
  return t("{count} h", { count: number.format(hours < 10 ? Math.round(hours * 10) / 10 : Math.round(hours)) });
}

/** @param {HTMLElement} root @param {Statistics["days"]} days */
function showDays(root, days) {
  const most = Math.max(1, ...days.map(({ count }) => count));
  const columns = days.map(({ day, count }) => {
    const title = t("{day}: {count}", { day: dayOf(day), count: number.format(count) });
    const column = create("li", { title }, create("span", { className: "visually-hidden" }, title));
    column.style.setProperty("--share", String(count / most));
    column.classList.toggle("is-empty", count === 0);
    return column;
  });
  find(root, "[data-days]", HTMLElement).replaceChildren(...columns);
  write(root, "first-day", days.length ? dayOf(days[0].day) : "");
  write(
    root,
    "last-day",
    t("today; most on one day: {count}", { count: number.format(Math.max(0, ...days.map(({ count }) => count))) }),
  );
}

/** @param {string} day */
function dayOf(day) {
  return dayName.format(new Date(`${day}T00:00:00Z`));
}

/**
 * @param {HTMLElement} root
 * @param {string} kind
 * @param {Record<string, number>} counts
 * @param {string} [labels] the kind of label, where it has another name
 */
function showBars(root, kind, counts, labels = kind) {
  const shown = Object.entries(counts).filter(([, count]) => count);
  const sum = shown.reduce((total, [, count]) => total + count, 0);
  const rows = shown.map(([name, count]) => bar(label(labels, name), count, count / sum, kind, name));
  if (!rows.length) rows.push(bar(t("Nothing yet"), 0, 0, kind, ""));
  find(root, `[data-bars="${kind}"]`, HTMLElement).replaceChildren(...rows);
}

/** @param {string} label @param {number} count @param {number} share @param {string} kind @param {string} value */
function bar(label, count, share, kind, value) {
  const link = value
    ? create("a", { href: url(`/history?${kind}=${encodeURIComponent(value)}`) }, label)
    : create("span", {}, label);
  const counted = count ? `${number.format(count)} · ${Math.round(share * 100)}%` : "";
  const row = create("li", {}, link, create("span", { className: "numbers" }, counted));
  row.style.setProperty("--share", String(share));
  return row;
}
