/** @import { Check } from "./types.js" */
import { api } from "../lib/address.js";
import { send } from "./client.js";

export const DOCTOR = api("/doctor");

/** @param {{quick: boolean}} wish @returns {Promise<{checks: Check[], seconds: number}>} */
export const examineServer = ({ quick }) => send("GET", `/doctor/checks?quick=${quick}`);

/** @returns {Promise<{now_ms: number}>} */
export const serverClock = () => send("GET", "/doctor/clock");
