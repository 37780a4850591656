import { api, ownPath } from "./address.js";
import { readJson } from "./storage.js";

/**
 * The action journal: what is done in the pages of this browser tab, and what the browser complains of, so that a
 * support case can tell how to see it again. Names of controls and chosen values are noted; what is typed, recognised
 * text and file names never are. It is bounded, and a journal that cannot be sent disturbs nobody.
 *
 * @typedef {"page" | "press" | "change" | "type" | "files" | "key" | "request" | "error"} Kind
 * @typedef {{number: number, at: string, kind: Kind, page: string, control?: string, value?: string, status?: number, request?: string}} Entry
 * @typedef {{id: string, next: number, pending: Entry[]}} StoredJournal
 */

const KEY = "funasr.journal";
const ADDRESS = api("/journal/");
const SEND_MS = 4000;
const MAX_PENDING = 200; // while the server is away
const MAX_ENTRIES_PER_REQUEST = 100;
const MAX_NAME_LENGTH = 80;
const MAX_MESSAGE_LENGTH = 300;
/** Places whose words are somebody's: there a control is called by its action alone. */
const PRIVATE =
  "[data-segments], [data-entries], [data-private], [data-compare], [data-finals], [data-job], .words, .batch-item, .segment";

/** @type {StoredJournal | undefined} */
let current;
/** @type {Record<string, unknown>} */
let findings = {};

/** The number of this browser session, which a support case asks for. */
export const browserId = () => journal().id;

/** Begin to note what is done in this page. */
export function startJournal() {
  record("page", {});
  document.addEventListener("click", ({ target }) => notePress(target), true);
  document.addEventListener("change", ({ target }) => noteChange(target), true);
  document.addEventListener("drop", ({ dataTransfer }) => dataTransfer && noteFiles("", dataTransfer.files), true);
  document.addEventListener("keydown", noteKey, true);
  listenForErrors();
  setInterval(() => void post(), SEND_MS);
  addEventListener("pagehide", postLast);
}

/**
 * @param {string} method
 * @param {string} address
 * @param {number} status 0 where no answer came
 * @param {string | null} request
 */
export function noteRequest(method, address, status, request) {
  if (address.startsWith(ADDRESS) || (method === "GET" && status > 0 && status < 400)) return; // what pages ask by themselves
  record("request", { control: `${method} ${pathOf(address)}`, status, request: request ?? "" });
}

/** Let the journal know more of the browser, as the doctor finds it. @param {Record<string, unknown>} facts */
export function noteBrowserFacts(facts) {
  findings = { ...findings, ...facts };
  record("page", {});
}

/** What the browser says of itself. */
export function describeBrowser() {
  return {
    user_agent: navigator.userAgent,
    languages: navigator.languages.join(", "),
    window: `${innerWidth} x ${innerHeight}`,
    pixel_ratio: devicePixelRatio,
    is_secure: window.isSecureContext,
    has_microphone_api: Boolean(navigator.mediaDevices),
    has_worklet: "AudioWorkletNode" in window,
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    page_language: document.documentElement.lang,
    theme: document.documentElement.dataset.theme ?? "",
  };
}

/** @param {EventTarget | null} target */
function notePress(target) {
  const pressed =
    target instanceof Element
      ? target.closest("button, summary, a[href], [role=button], [role=tab], [role=option]")
      : null;
  if (pressed instanceof HTMLElement) record("press", { control: nameOf(pressed) });
}

/** @param {EventTarget | null} target */
function noteChange(target) {
  if (target instanceof HTMLInputElement && target.type === "file") {
    noteFiles(fieldNameOf(target), target.files);
  } else if (target instanceof HTMLInputElement && ["checkbox", "radio"].includes(target.type)) {
    record("change", {
      control: fieldNameOf(target),
      value: target.type === "radio" ? target.value : target.checked ? "on" : "off",
    });
  } else if (target instanceof HTMLInputElement && ["range", "number"].includes(target.type)) {
    record("change", { control: fieldNameOf(target), value: target.value });
  } else if (target instanceof HTMLSelectElement) {
    record("change", { control: fieldNameOf(target), value: target.value });
  } else if (target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) {
    record("type", {
      control: fieldNameOf(target),
      value: target.type === "password" ? "" : String(target.value.length),
    });
  }
}

/** @param {string} control @param {FileList | null} files */
function noteFiles(control, files) {
  if (!files?.length) return;
  const kinds = new Set([...files].map(({ name }) => name.match(/\.\w{1,5}$/)?.[0].toLowerCase() ?? "?"));
  const bytes = [...files].reduce((sum, { size }) => sum + size, 0);
  record("files", { control, value: `${files.length} × ${[...kinds].slice(0, 8).join(" ")}, ${bytes} B` });
}

/** @param {KeyboardEvent} event */
function noteKey({ key, ctrlKey, metaKey, target }) {
  const isTyping =
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLElement && target.isContentEditable);
  if ((ctrlKey || metaKey) && key === "Enter") record("key", { value: "Ctrl+Enter" });
  else if (key === "Escape") record("key", { value: "Esc" });
  else if (key === "?" && !isTyping) record("key", { value: "?" });
}

function listenForErrors() {
  addEventListener(
    "error",
    (event) => {
      const failed =
        event.target instanceof Element
          ? (event.target.getAttribute("src") ?? event.target.getAttribute("href"))
          : null;
      noteError(
        failed ? `cannot load ${pathOf(failed)}` : `${event.message} (${pathOf(event.filename ?? "")}:${event.lineno})`,
      );
    },
    true,
  );
  addEventListener("unhandledrejection", ({ reason }) => noteError(`unhandled: ${reason}`));
  document.addEventListener("securitypolicyviolation", ({ blockedURI, violatedDirective }) =>
    noteError(`blocked by ${violatedDirective}: ${pathOf(blockedURI)}`),
  );
  const { error } = console;
  console.error = (...words) => {
    noteError(words.map(String).join(" "));
    error.apply(console, words);
  };
}

/** @param {string} message */
function noteError(message) {
  record("error", { value: message.slice(0, MAX_MESSAGE_LENGTH) });
}

/** @param {HTMLElement} pressed */
function nameOf(pressed) {
  if (pressed.closest(PRIVATE)) return pressed.dataset.action ?? pressed.tagName.toLowerCase();
  const said =
    pressed.getAttribute("aria-label") ??
    (pressed instanceof HTMLAnchorElement && !pressed.closest("nav") ? pathOf(pressed.href) : pressed.textContent);
  return clean(said ?? "") || (pressed.dataset.action ?? pressed.tagName.toLowerCase());
}

/** @param {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} control */
function fieldNameOf(control) {
  const legend = control.type === "radio" ? control.closest("fieldset")?.querySelector("legend")?.textContent : null;
  const label = control.labels?.[0]?.querySelector(".field__label")?.textContent ?? control.labels?.[0]?.textContent;
  const said = control.closest(PRIVATE) ? null : (legend ?? control.getAttribute("aria-label") ?? label);
  return clean(said ?? "") || control.name || control.type;
}

/** @param {string} text */
const clean = (text) => text.replace(/\s+/g, " ").trim().slice(0, MAX_NAME_LENGTH);

/** An address without what was asked for: a search may hold what somebody said. @param {string} address */
function pathOf(address) {
  try {
    return ownPath(new URL(address, location.href).pathname).slice(0, 150);
  } catch {
    return "";
  }
}

/** @param {Kind} kind @param {Partial<Entry>} facts */
function record(kind, facts) {
  const mine = journal();
  mine.pending.push({
    number: mine.next,
    at: new Date().toISOString(),
    kind,
    page: ownPath(location.pathname),
    ...facts,
  });
  mine.next += 1;
  mine.pending = mine.pending.slice(-MAX_PENDING);
  keep();
}

function journal() {
  current ??= stored() ?? { id: newId(), next: 0, pending: [] };
  return current;
}

/** @returns {StoredJournal | null} */
function stored() {
  const value = readJson(sessionStorage, KEY);
  return value?.id ? value : null;
}

function keep() {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(journal()));
  } catch {
    // Storage is full or forbidden: then the journal lives as long as the page.
  }
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Send what is not yet on the server. */
export async function post() {
  const { id, pending } = journal();
  if (pending.length === 0) return;
  const batch = pending.slice(0, MAX_ENTRIES_PER_REQUEST);
  try {
    const response = await fetch(ADDRESS + id, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: payload(batch),
    });
    if (response.ok || response.status < 500) dropSent(batch);
  } catch {
    // Without a connection it waits.
  }
}

function postLast() {
  const { id, pending } = journal();
  const batch = pending.slice(-MAX_ENTRIES_PER_REQUEST);
  if (batch.length && navigator.sendBeacon(ADDRESS + id, new Blob([payload(batch)], { type: "application/json" })))
    dropSent(batch);
}

/** @param {Entry[]} entries */
const payload = (entries) => JSON.stringify({ browser: { ...describeBrowser(), ...findings }, entries });

/** @param {Entry[]} batch */
function dropSent(batch) {
  const sent = new Set(batch.map(({ number }) => number));
  const mine = journal();
  mine.pending = mine.pending.filter(({ number }) => !sent.has(number));
  keep();
}
