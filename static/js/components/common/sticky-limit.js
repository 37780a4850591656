const SHARE = 3; // of the window's height that sticky parts may take is one part in so many

/** Let parts that stick to an edge scroll away with the page, the tallest first, where together they would hide too much of it. */
export function limitSticky() {
  const parts = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-sticky]")]);
  const fit = () => {
    let left = window.innerHeight / SHARE;
    for (const part of [...parts].sort((one, other) => one.offsetHeight - other.offsetHeight)) {
      left -= part.offsetHeight;
      part.toggleAttribute("data-tall", left < 0);
    }
  };
  const observer = new ResizeObserver(fit);
  for (const part of parts) observer.observe(part);
  window.addEventListener("resize", fit);
}
