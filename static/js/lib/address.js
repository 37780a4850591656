/** Path under which a proxy serves the program (`/asr`), as the page says; empty at the root of a host. */
const ROOT = document.querySelector('meta[name="root-path"]')?.getAttribute("content") ?? "";

/** Where a path of the program is in this browser. @param {string} path */
export const url = (path) => ROOT + path;

/** Where the REST API answers. @param {string} path below /api/v1 */
export const api = (path) => url(`/api/v1${path}`);

/** The address of a socket of the REST API. @param {string} path below /api/v1 */
export const socketOf = (path) => new URL(api(path), location.href.replace(/^http/, "ws"));

/** The path inside the program of what the browser calls so. @param {string} pathname */
export const ownPath = (pathname) =>
  `${pathname}/`.startsWith(`${ROOT}/`) ? pathname.slice(ROOT.length) || "/" : pathname;

/** What this browser keeps under a name: another program of the same host keeps its own. @param {string} name */
export const ownName = (name) => (ROOT ? `${name}@${ROOT}` : name);
