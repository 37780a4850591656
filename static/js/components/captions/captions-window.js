/** @import { Final, Partial } from "../../live/messages.js" */
/** @typedef {{width: number, height: number}} Size */
/** @typedef {{requestWindow: (size: Size) => Promise<Window>}} DocumentPictureInPicture */
import { copyOf, create, find } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { CaptionSettings } from "./caption-settings.js";

const SIZE = { width: 720, height: 220 };
const KEPT = 16; // finished sentences: more never fit
const SHEETS = ["tokens", "base", "components/captions", "utilities"];

/** The live text in a small window: it stays on top where the browser can do that, elsewhere it is a pop-up. */
export class CaptionsWindow {
  #changed;
  /** @type {Window | null} */
  #window = null;
  /** @type {HTMLElement | null} */
  #lines = null;
  /** @type {Final[]} */
  #finals = [];
  /** @type {Map<number, Partial>} by channel */
  #partials = new Map();
  /** @type {string[]} */
  #names = [];

  /** @param {() => void} changed called when it was opened or closed */
  constructor(changed) {
    this.#changed = changed;
    window.addEventListener("pagehide", () => this.close());
  }

  get isOpen() {
    return this.#window !== null;
  }

  /** Open or close it; only right after a press. Returns whether the browser let it. */
  async toggle() {
    if (this.#window) {
      this.close();
      return true;
    }
    const opened = await openWindow();
    if (!opened) return false;
    this.#window = opened;
    this.#furnish(opened);
    this.#render();
    this.#changed();
    return true;
  }

  close() {
    this.#window?.close();
    this.#forget();
  }

  clear() {
    this.#finals = [];
    this.#partials.clear();
    this.#render();
  }

  /** Who speaks on the channels. @param {string[]} names */
  set names(names) {
    this.#names = names;
    this.#render();
  }

  /** @param {Final[]} finals */
  addFinals(finals) {
    for (const final of finals) {
      const said = this.#partials.get(final.channel ?? 0);
      if (said && said.segment <= final.segment) this.#partials.delete(final.channel ?? 0);
      const others = this.#finals.filter(({ segment }) => segment !== final.segment);
      if (final.text) this.#finals = [...others, final].sort((a, b) => a.segment - b.segment).slice(-KEPT);
    }
    this.#render();
  }

  /** @param {Partial} partial */
  showPartial(partial) {
    this.#partials.set(partial.channel ?? 0, partial);
    this.#render();
  }

  // Internal

  /** @param {Window} opened */
  #furnish(opened) {
    const { document: paper } = opened;
    paper.documentElement.lang = document.documentElement.lang;
    paper.documentElement.className = "captions-paper";
    paper.title = t("Captions");
    const styles = find(document, 'link[href$="css/tokens.css"]', HTMLLinkElement).href;
    for (const sheet of SHEETS)
      paper.head.append(create("link", { rel: "stylesheet", href: styles.replace("tokens", sheet) }));
    paper.body.className = "captions-window";
    const captions = paper.adoptNode(copyOf("captions-template"));
    paper.body.replaceChildren(captions);
    this.#lines = /** @type {HTMLElement} */ (captions.querySelector("[data-lines]"));
    const bar = /** @type {HTMLElement} */ (captions.querySelector(".captions__bar"));
    new CaptionSettings(paper.documentElement, bar, { keys: paper });
    paper.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
    opened.addEventListener("pagehide", () => this.#forget());
  }

  #forget() {
    if (!this.#window) return;
    this.#window = this.#lines = null;
    this.#changed();
  }

  #render() {
    if (!this.#lines) return;
    const partials = [...this.#partials.values()].sort((a, b) => a.start - b.start);
    this.#lines.replaceChildren(
      ...this.#finals.map(({ channel, text }) => this.#line(channel, text)),
      ...partials.map(({ channel, text, stable }) => {
        const letters = [...text];
        return this.#line(channel, letters.slice(0, stable).join(""), letters.slice(stable).join(""));
      }),
    );
  }

  /** @param {number | null | undefined} channel @param {string} text @param {string} [unstable] */
  #line(channel, text, unstable = "") {
    const name = channel ? this.#names[channel - 1] || t("Channel {number}", { number: channel }) : "";
    return create(
      "p",
      { className: "captions__line" },
      ...(name ? [create("strong", {}, name)] : []),
      text,
      ...(unstable ? [create("span", {}, unstable)] : []),
    );
  }
}

/** Whether the window will stay on top of others. */
export const staysOnTop = () => "documentPictureInPicture" in window;

/** @returns {Promise<Window | null>} */
async function openWindow() {
  const { documentPictureInPicture } = /** @type {{documentPictureInPicture?: DocumentPictureInPicture}} */ (
    /** @type {unknown} */ (window)
  );
  const onTop = await documentPictureInPicture?.requestWindow(SIZE).catch(() => null);
  if (onTop) return onTop;
  return window.open("", "funasr-captions", `popup,width=${SIZE.width},height=${SIZE.height}`);
}
