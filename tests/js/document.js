// What scripts read of a page when they are loaded: the labels of app/web/labels.py in English, and no translations.
import { execFileSync } from "node:child_process";

const PYTHON = process.env.PYTHON ?? "python3";
const LABELS = "import json; from app.web.labels import labels_in; print(json.dumps(labels_in('en')))";

class Script {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

/** @type {Record<string, string>} */
const scripts = { "#labels": execFileSync(PYTHON, ["-c", LABELS], { encoding: "utf-8" }), "#messages": "{}" };

Object.assign(globalThis, {
  HTMLScriptElement: Script,
  document: {
    documentElement: { lang: "en" },
    querySelector: (/** @type {string} */ selector) => (selector in scripts ? new Script(scripts[selector]) : null),
  },
});
