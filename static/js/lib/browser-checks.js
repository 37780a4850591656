/** @import { Check } from "../api/types.js" */
import { api, socketOf, url } from "./address.js";
import { DOCTOR, serverClock } from "../api/doctor.js";
import { t } from "./messages.js";

/**
 * What a browser can find out by itself about the way to the server. Each check answers, whatever happens.
 *
 * @typedef {() => Promise<Check>} BrowserCheck
 */

const TIMEOUT_MS = 6000;
const CLOCK_TOLERANCE_MS = 60_000;
const TICKS_APART_MS = 150; // events that come closer were held back on the way
const BYTES_PER_MB = 1024 * 1024;
const SLICE = new Uint8Array(BYTES_PER_MB);
const NEEDED = [url("/static/favicon.svg"), api("/health"), api("/system")];

/** @param {string} id @param {string} fact @returns {Check} */
const ok = (id, fact) => ({ id, status: "ok", fact, advice: "" });

/** @param {string} id @param {string} fact @param {string} advice @returns {Check} */
const warning = (id, fact, advice) => ({ id, status: "warning", fact, advice });

/** @param {string} id @param {string} fact @param {string} advice @returns {Check} */
const failure = (id, fact, advice) => ({ id, status: "failure", fact, advice });

/** @param {number} trialMb @returns {BrowserCheck[]} */
export const browserChecks = (trialMb) => [
  secureContext,
  permission,
  worklet,
  requests,
  socket,
  events,
  clock,
  () => upload(trialMb),
];

/** @returns {Promise<Check>} */
async function secureContext() {
  if (window.isSecureContext)
    return ok(
      "secure_context",
      t("{origin} is a secure page: the microphone may be used.", { origin: location.origin }),
    );
  return failure(
    "secure_context",
    t("{origin} is no secure page, so this browser lends it no microphone. Uploads work.", { origin: location.origin }),
    t(
      "Open the page on the server itself as http://localhost:{port}; or reach it through a tunnel (ssh -L {port}:127.0.0.1:{port} SERVER); or let your administrator put HTTPS in front.",
      { port: location.port || 80 },
    ),
  );
}

/** @returns {Promise<Check>} */
async function permission() {
  if (!navigator.mediaDevices)
    return warning("microphone", t("This page has no way to a microphone."), t("See the line about the secure page."));
  const state = await microphonePermission();
  const devices = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "audioinput");
  if (state === "denied") {
    return failure(
      "microphone",
      t("The microphone is blocked for this page."),
      t("Press the symbol beside the address, allow the microphone for this page, then look again."),
    );
  }
  if (devices.length === 0)
    return warning(
      "microphone",
      t("No microphone is connected."),
      t("Connect one to record or to use the live page; uploads work without."),
    );
  const asked = state === "granted" ? t("it is allowed") : t("the browser will ask when it is first used");
  return ok("microphone", t("Microphones: {count}; {asked}.", { count: devices.length, asked }));
}

async function microphonePermission() {
  try {
    return (await navigator.permissions.query({ name: /** @type {PermissionName} */ ("microphone") })).state;
  } catch {
    return "prompt"; // older Firefox does not tell
  }
}

/** @returns {Promise<Check>} */
async function worklet() {
  const advice = t("Use a current Chrome, Edge, Firefox or Safari for the live page.");
  if (!("AudioWorkletNode" in window))
    return failure("audio_worklet", t("This browser or page has no AudioWorklet, which the live page needs."), advice);
  try {
    await new OfflineAudioContext(1, 128, 48_000).audioWorklet.addModule(moduleBeside("trial-worklet.js"));
    return ok("audio_worklet", t("AudioWorklet runs."));
  } catch (error) {
    return failure("audio_worklet", t("AudioWorklet does not start: {reason}", { reason: String(error) }), advice);
  }
}

/** @param {string} name */
function moduleBeside(name) {
  return new URL(`../audio/${name}`, import.meta.url).href;
}

/** @returns {Promise<Check>} */
async function requests() {
  const blocked = [];
  for (const path of NEEDED) {
    try {
      await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch {
      blocked.push(path);
    }
  }
  if (blocked.length === 0) return ok("requests", t("Requests of every kind arrive."));
  return failure(
    "requests",
    t("These requests do not arrive: {paths}", { paths: blocked.join(", ") }),
    t("Switch off ad blockers for this page, and look whether a proxy or firewall lets them through."),
  );
}

/** @returns {Promise<Check>} */
async function socket() {
  const word = String(Math.random());
  const echoed = await new Promise((resolve) => {
    const line = new WebSocket(socketOf("/doctor/echo"));
    const timer = setTimeout(() => resolve(""), TIMEOUT_MS);
    line.addEventListener("open", () => line.send(word));
    line.addEventListener("message", ({ data }) => resolve(data));
    line.addEventListener("close", () => resolve(""));
    line.addEventListener("message", () => (clearTimeout(timer), line.close()));
  });
  if (echoed === word) return ok("websocket", t("Sockets get through: the live page can work."));
  return failure(
    "websocket",
    t("Sockets (WebSocket) do not get through, so the live page cannot work. Uploads do."),
    t(
      'A proxy between this browser and the server drops the upgrade. Let it pass the headers Upgrade and Connection; for nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";',
    ),
  );
}

/** @returns {Promise<Check>} */
async function events() {
  const times = await ticks();
  const advice = t(
    "A proxy holds events back. Switch off its buffering for this server; for nginx: proxy_buffering off;",
  );
  if (times.length === 0)
    return failure("events", t("Server-sent events do not arrive: progress is not shown while it happens."), advice);
  const apart = Math.max(0, ...times.slice(1).map((time, number) => time - /** @type {number} */ (times[number])));
  if (times.length > 1 && apart > TICKS_APART_MS) return ok("events", t("Server-sent events arrive as they happen."));
  return warning("events", t("Server-sent events arrive late, all at once: progress jumps."), advice);
}

/** @returns {Promise<number[]>} when each event came, milliseconds */
function ticks() {
  return new Promise((resolve) => {
    /** @type {number[]} */
    const times = [];
    const source = new EventSource(`${DOCTOR}/ticks`);
    const end = () => (clearTimeout(timer), source.close(), resolve(times));
    const timer = setTimeout(end, TIMEOUT_MS);
    source.addEventListener("tick", ({ data }) => {
      times.push(performance.now());
      if (data === "3") end();
    });
    source.addEventListener("error", end);
  });
}

/** @returns {Promise<Check>} */
async function clock() {
  try {
    const before = Date.now();
    const { now_ms } = await serverClock();
    const apart = now_ms - (before + Date.now()) / 2;
    const seconds = Math.round(Math.abs(apart) / 1000);
    if (Math.abs(apart) < CLOCK_TOLERANCE_MS)
      return ok("browser_clock", t("Browser and server have the same time ({seconds} s apart).", { seconds }));
    return warning(
      "browser_clock",
      t("Browser and server are {seconds} s apart.", { seconds }),
      t("Set both clocks by the network; times in the history are the server's."),
    );
  } catch {
    return failure(
      "browser_clock",
      t("The server cannot be reached."),
      t("Check that it is running and that you are connected, then try again."),
    );
  }
}

/** @param {number} megabytes @returns {Promise<Check>} */
export async function upload(megabytes) {
  const size = `${megabytes} MB`;
  try {
    const response = await fetch(`${DOCTOR}/upload`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: new Blob(Array.from({ length: megabytes }, () => SLICE)),
    });
    if (response.ok) return ok("upload", t("An upload of {size} arrives.", { size }));
    return failure(
      "upload",
      t("An upload of {size} is refused on the way with status {status}.", { size, status: response.status }),
      t("A proxy before the server allows less. Raise its limit; for nginx: client_max_body_size 0;"),
    );
  } catch {
    return failure(
      "upload",
      t("An upload of {size} breaks off.", { size }),
      t("A proxy before the server allows less, or the connection is bad. Raise its limits for size and time."),
    );
  }
}
