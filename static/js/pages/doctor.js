import { watchLevel } from "../audio/level.js";
import { CaptureProblem } from "../audio/capture-problem.js";
import { openMicrophone } from "../audio/microphone.js";
import { CheckList } from "../components/support/check-list.js";
import { copyButton } from "../components/common/copy-button.js";
import { notify } from "../components/common/notices.js";
import { startPage } from "../components/common/page.js";
import { fillProblem } from "../components/common/problem-box.js";
import { problemOf } from "../api/client.js";
import { browserChecks, upload } from "../lib/browser-checks.js";
import { examineServer } from "../api/doctor.js";
import { buttonOf, field, find, onAction } from "../lib/dom.js";
import { noteBrowserFacts } from "../lib/journal.js";
import { t } from "../lib/messages.js";

const LISTEN_MS = 3000;
const QUIET_PERCENT = 15; // -51 dB: a room without a voice

startPage();
const root = find(document, "[data-doctor]", HTMLElement);
const serverSide = find(root, '[data-side="server"]', HTMLElement);
const server = new CheckList(serverSide);
const browser = new CheckList(find(root, '[data-side="browser"]', HTMLElement));
onAction(document.body, (action) => {
  if (action === "run-checks") void Promise.all([examineServerSide(), examineBrowser()]);
  if (action === "microphone") void listen();
  if (action === "upload") void sendLargest();
});
copyButton(buttonOf(document, "copy"), report);
void Promise.all([examineServerSide(), examineBrowser()]);

async function examineServerSide() {
  server.begin();
  const errorBox = field(serverSide, "error");
  errorBox.hidden = true;
  try {
    for (const quick of [true, false]) {
      for (const check of (await examineServer({ quick })).checks) server.show(check);
    }
  } catch (error) {
    fillProblem(errorBox, problemOf(error));
    errorBox.hidden = false;
  }
  server.end();
}

async function examineBrowser() {
  browser.begin();
  for (const check of browserChecks(Number(root.dataset.trialMb))) browser.show(await check());
  browser.end();
  noteBrowserFacts({ doctor: browser.checks.filter(({ status }) => status !== "ok") });
}

async function listen() {
  try {
    const stream = await openMicrophone();
    let loudest = 0;
    const stop = watchLevel(stream, (percent) => (loudest = Math.max(loudest, percent)));
    notify(t("Say something now …"));
    await new Promise((resolve) => setTimeout(resolve, LISTEN_MS));
    stop();
    for (const track of stream.getTracks()) track.stop();
    const fact = t("The microphone was heard at {percent} % of its scale.", { percent: Math.round(loudest) });
    const advice = t(
      "Speak closer, choose another microphone in the browser's settings, or raise its level in the system's sound settings.",
    );
    const isQuiet = loudest < QUIET_PERCENT;
    browser.show({ id: "microphone_level", status: isQuiet ? "warning" : "ok", fact, advice: isQuiet ? advice : "" });
  } catch (error) {
    if (!(error instanceof CaptureProblem)) throw error;
    browser.show({
      id: "microphone_level",
      status: "failure",
      fact: error.problem.message,
      advice: error.problem.advice,
    });
  }
}

async function sendLargest() {
  notify(t("Sending …"));
  browser.show(await upload(Number(root.dataset.uploadMb)));
}

function report() {
  const both = {
    page: location.origin,
    browser: navigator.userAgent,
    server: server.checks,
    this_browser: browser.checks,
  };
  return JSON.stringify(both, null, 2);
}
