import { getSpeakerNames } from "../../api/history.js";
import { create, find } from "../../lib/dom.js";

const PAUSE_MS = 200;

/** Suggest the names of speakers that begin as what is typed. @param {HTMLFormElement} form */
export function suggestSpeakers(form) {
  const input = find(form, '[name="speaker"]', HTMLInputElement);
  const list = find(form, "#speaker-names", HTMLDataListElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const suggest = async () => {
    try {
      const { names } = await getSpeakerNames(input.value);
      list.replaceChildren(...names.map((name) => create("option", { value: name })));
    } catch {
      list.replaceChildren(); // a name can be typed without it
    }
  };
  input.addEventListener("focus", () => void suggest());
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void suggest(), PAUSE_MS);
  });
}
