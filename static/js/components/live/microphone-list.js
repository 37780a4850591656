const KEY = "funasr.microphone";

/** The list of microphones; the browser remembers the chosen one. Names are known once one was lent to the page. */
export class MicrophoneList {
  #select;

  /** @param {HTMLSelectElement} select @param {() => void} changed */
  constructor(select, changed) {
    this.#select = select;
    select.addEventListener("change", () => {
      localStorage.setItem(KEY, select.value);
      changed();
    });
    navigator.mediaDevices?.addEventListener("devicechange", () => void this.refresh());
    void this.refresh();
  }

  /** Id of the chosen one; empty: the browser's proposal. */
  get chosen() {
    return this.#select.value;
  }

  async refresh() {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const named = devices.filter(({ kind, deviceId, label }) => kind === "audioinput" && deviceId && label);
    const [standard] = this.#select.options;
    this.#select.replaceChildren(standard, ...named.filter(({ deviceId }) => deviceId !== "default").map(optionOf));
    this.#choose(localStorage.getItem(KEY) ?? "");
  }

  // Internal

  /** A remembered microphone that is unplugged stays remembered. @param {string} id */
  #choose(id) {
    const isThere = [...this.#select.options].some(({ value }) => value === id);
    this.#select.value = isThere ? id : "";
  }
}

/** @param {MediaDeviceInfo} device */
function optionOf({ deviceId, label }) {
  return new Option(label, deviceId);
}
