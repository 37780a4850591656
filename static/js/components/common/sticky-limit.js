const SHARE = 3; // of the window's height that a sticky part may take is one part in so many

/** Let `part` scroll away with the page where it would hide too much of it. @param {HTMLElement} part */
export function limitSticky(part) {
  const fit = () => part.toggleAttribute("data-tall", part.offsetHeight * SHARE > window.innerHeight);
  new ResizeObserver(fit).observe(part);
  window.addEventListener("resize", fit);
}
