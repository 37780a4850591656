/** @import { Player } from "./player.js" */

/**
 * Go where the address says: `?t=12.5` is a place that the history has found, in seconds.
 *
 * @param {Player} player
 */
export function startAt(player) {
  const seconds = Number(new URLSearchParams(location.search).get("t"));
  if (!(seconds > 0)) return;
  player.seek(seconds);
  document.querySelector(".segment.is-current")?.scrollIntoView({ block: "center" });
}
