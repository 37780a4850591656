import { exportStyle } from "../api/export-style.js";

/** The name of the reader's time zone, as in Asia/Shanghai. */
export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC";

/** Who is to read a file: the language of the page, and the clock of the browser. */
export const readerOf = () => ({ locale: document.documentElement.lang.split("-")[0], zone: ownZone() });

/** Ask for a file for this reader. @param {string} format */
export const exportQuery = (format) => new URLSearchParams({ format, ...readerOf(), ...exportStyle() });
