/** @import { Delivery, Webhook } from "./types.js" */
import { send } from "./client.js";

/** @returns {Promise<{webhooks: Webhook[]}>} */
export const getWebhooks = () => send("GET", "/webhooks");

/** @param {string} url @param {string[]} events @returns {Promise<Webhook & {secret: string}>} */
export const addWebhook = (url, events) => send("POST", "/webhooks", { url, events });

/** @param {string} id @returns {Promise<Delivery>} */
export const testWebhook = (id) => send("POST", `/webhooks/${id}/test`);

/** @param {string} id @returns {Promise<void>} */
export const removeWebhook = (id) => send("DELETE", `/webhooks/${id}`);

/** @returns {Promise<{deliveries: Delivery[]}>} */
export const getDeliveries = () => send("GET", "/webhooks/deliveries");

/** @param {string} id @returns {Promise<Delivery>} */
export const resendDelivery = (id) => send("POST", `/webhooks/deliveries/${id}/resend`);
