import { url } from "../../lib/address.js";
import { find, write } from "../../lib/dom.js";

/**
 * Where the browser lends no microphone to this address: say why, and what to do.
 *
 * @param {HTMLElement} root
 * @returns {boolean} whether that is so
 */
export function insecureNotice(root) {
  root.hidden = window.isSecureContext;
  if (window.isSecureContext) return false;
  const port = location.port || "80";
  const local = `http://localhost:${port}${url("/live")}`;
  write(root, "origin", location.origin);
  write(root, "origin-again", location.origin);
  write(root, "caddy", `${location.hostname} {\n  reverse_proxy 127.0.0.1:${port}\n}`);
  write(root, "tunnel", `ssh -N -L ${port}:127.0.0.1:${port} ${location.hostname}`);
  write(root, "tunnel-link", local);
  write(root, "local", local);
  find(root, '[data-field="tunnel-link"]', HTMLAnchorElement).href = local;
  return true;
}
