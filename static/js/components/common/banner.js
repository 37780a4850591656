// A classic script, because a module would run after the first paint: what was closed would show for a moment.
(() => {
  const STORE = "closed-banners"; // keys of the facts that this reader has closed
  const items = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-banner] > [data-key]")]);
  const closed = new Set(read());

  for (const item of items) {
    item.hidden = closed.has(item.dataset.key ?? "");
    const button = item.querySelector("button");
    if (!button) continue;
    button.hidden = false;
    button.addEventListener("click", () => close(item));
  }
  keep();

  /** @param {HTMLElement} item */
  function close(item) {
    item.hidden = true;
    keep();
    const next = items.find(({ hidden }) => !hidden)?.querySelector("button") ?? document.getElementById("main");
    next?.focus(); // the focus must not fall to nowhere with the button
  }

  /** Remember what is closed of what is told now: a fact that went away is told when it comes back. */
  function keep() {
    try {
      localStorage.setItem(
        STORE,
        JSON.stringify(items.filter(({ hidden }) => hidden).map(({ dataset }) => dataset.key)),
      );
    } catch {
      // without storage it stays closed on this page only
    }
  }

  /** @returns {string[]} */
  function read() {
    try {
      const stored = JSON.parse(localStorage.getItem(STORE) ?? "[]");
      return Array.isArray(stored) ? stored : [];
    } catch {
      return [];
    }
  }
})();
