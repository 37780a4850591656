/** @import { AudienceState } from "../live/audience-stream.js" */
import { CaptionSettings } from "../components/captions/caption-settings.js";
import { shortcuts } from "../components/common/shortcuts.js";
import { startPage } from "../components/common/page.js";
import { LiveText } from "../components/live/live-text.js";
import { ScreenWakeLock } from "../components/live/wake-lock.js";
import { find, onAction, slotOf, write } from "../lib/dom.js";
import { isShortcut } from "../lib/keys.js";
import { t } from "../lib/messages.js";
import { AudienceStream } from "../live/audience-stream.js";

const page = find(document, "[data-audience]", HTMLElement);
const text = new LiveText(find(page, "[data-text]", HTMLElement), () => undefined);
const wakeLock = new ScreenWakeLock();

startPage();
shortcuts([
  { keys: "+ -", does: t("Larger or smaller type") },
  { keys: "C", does: t("Other colours") },
  { keys: "F", does: t("Whole screen, and back") },
]);
new CaptionSettings(page, find(page, ".captions__bar", HTMLElement), {
  keys: document,
  isKey: isShortcut,
  hasLines: false,
});
onAction(page, act);
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "f" && isShortcut(event)) act("whole-screen");
});
void new AudienceStream(page.dataset.id ?? "", {
  onState: showState,
  onAbout({ name, channel_names: names }) {
    write(page, "name", name);
    text.names = names;
  },
  onFinal(final) {
    text.addFinals([final]);
    slotOf(page, "empty").hidden = !text.isBlank;
  },
  onSaid(said) {
    if (said.text) text.showPartial({ type: "partial", end: said.start, latency_ms: 0, ...said });
    else text.endPartial(said.channel);
    slotOf(page, "empty").hidden = !text.isBlank;
  },
}).follow();

/** @param {string} action */
function act(action) {
  if (action === "newest") text.toNewest();
  if (action === "whole-screen")
    void (document.fullscreenElement ? document.exitFullscreen() : page.requestFullscreen());
}

/** @param {AudienceState} state */
function showState(state) {
  page.dataset.state = state;
  wakeLock.isWanted = state === "open";
  const wording = {
    connecting: t("Connecting …"),
    open: t("Live"),
    lost: t("Connection lost. It goes on by itself."),
    ended: t("The session has ended."),
    gone: t("This is no longer shown: the link was revoked, or the text was deleted."),
  };
  write(page, "state", wording[state]);
}
