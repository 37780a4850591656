/** @import { KnownVoice, Speakers, VoiceProposal } from "../types.js" */
import { send } from "../client.js";

/** Your known voices. @returns {Promise<{voices: KnownVoice[], is_on: boolean, model: string | null}>} */
export const getVoices = () => send("GET", "/voices");

/** @param {string} id @param {{name: string, purpose: string}} change @returns {Promise<KnownVoice>} */
export const changeVoice = (id, change) => send("PATCH", `/voices/${id}`, change);

/** @param {string} id @returns {Promise<void>} */
export const deleteVoice = (id) => send("DELETE", `/voices/${id}`);

/** @param {unknown} file as it was exported @returns {Promise<{count: number}>} */
export const importVoices = (file) => send("POST", "/voices/import", file);

/** Whom the speakers of a transcription may be. @param {string} id @returns {Promise<{proposals: VoiceProposal[]}>} */
export const getProposals = (id) => send("GET", `/transcriptions/${id}/voices`);

/** Compare its speakers with all known voices, and wait for it. @param {string} id @returns {Promise<{proposals: VoiceProposal[]}>} */
export const findVoices = (id) => send("POST", `/transcriptions/${id}/voices`);

/** @param {string} id @param {number} speaker @param {string} voice @param {boolean} isAccepted @returns {Promise<Speakers>} */
export const decideOnVoice = (id, speaker, voice, isAccepted) =>
  send("PUT", `/transcriptions/${id}/speakers/${speaker}/voice`, { voice, is_accepted: isAccepted });

/**
 * @param {string} id @param {number} speaker @param {{name: string, consent_by: string, purpose: string}} wanted
 * @returns {Promise<KnownVoice>}
 */
export const rememberVoice = (id, speaker, wanted) =>
  send("POST", `/transcriptions/${id}/speakers/${speaker}/voice`, { ...wanted, consent: true });
