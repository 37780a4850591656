/** @import { Account, AuditPage, CreatedKey, Grant, Person, PersonLink, ShareLink } from "./types.js" */
import { send } from "./client.js";

/** @param {string} name @param {string} password @returns {Promise<void>} */
export const logIn = (name, password) => send("POST", "/login", { name, password });

/** @returns {Promise<void>} */
export const logOut = () => send("POST", "/logout");

/** @param {string} secret @returns {Promise<{name: string}>} */
export const lookAtLink = (secret) => send("POST", "/welcome/look", { secret });

/** @param {string} secret @param {string} password @returns {Promise<void>} */
export const setFirstPassword = (secret, password) => send("POST", "/welcome", { secret, password });

/** @returns {Promise<Account>} */
export const getAccount = () => send("GET", "/account");

/** @param {string} old @param {string} password @returns {Promise<void>} */
export const changePassword = (old, password) => send("POST", "/account/password", { old, new: password });

/** @returns {Promise<void>} */
export const logOutEverywhere = () => send("POST", "/account/logout-everywhere");

/** @param {Partial<CreatedKey> & {days: number | null, webhook_url: string | null}} wanted @returns {Promise<CreatedKey>} */
export const createKey = (wanted) => send("POST", "/account/keys", wanted);

/** @param {string} id @returns {Promise<void>} */
export const removeKey = (id) => send("DELETE", `/account/keys/${id}`);

/** @returns {Promise<{people: Person[]}>} */
export const getPeople = () => send("GET", "/people");

/** @param {string} name @param {string} role @returns {Promise<PersonLink>} */
export const addPerson = (name, role) => send("POST", "/people", { name, role });

/** @param {string} id @param {Partial<Person>} values @returns {Promise<Person>} */
export const changePerson = (id, values) => send("PATCH", `/people/${id}`, values);

/** @param {string} id @returns {Promise<PersonLink>} */
export const offerLink = (id) => send("POST", `/people/${id}/link`);

/** @param {string} id @param {string} heir @returns {Promise<void>} */
export const removePerson = (id, heir) => send("DELETE", `/people/${id}?heir=${heir}`);

/** @param {number | null} before @returns {Promise<AuditPage>} */
export const getAudit = (before) => send("GET", `/audit${before === null ? "" : `?before=${before}`}`);

/** @param {string} id of a transcription @returns {Promise<{links: ShareLink[], grants: Grant[]}>} */
export const getShares = (id) => send("GET", `/transcriptions/${id}/shares`);

/** @param {string} id @param {{may_edit: boolean, with_audio: boolean, days: number | null, for_audience?: boolean}} wanted @returns {Promise<ShareLink & {secret: string}>} */
export const createShareLink = (id, wanted) => send("POST", `/transcriptions/${id}/shares/links`, wanted);

/** @param {string} id @param {{name: string, is_group: boolean, may_edit: boolean}} wanted @returns {Promise<Grant>} */
export const shareWith = (id, wanted) => send("POST", `/transcriptions/${id}/shares/grants`, wanted);

/** @param {string} id @param {string} share @returns {Promise<void>} */
export const removeShare = (id, share) => send("DELETE", `/transcriptions/${id}/shares/${share}`);
