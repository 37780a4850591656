const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 15_000;

/**
 * Listen to a stream of server-sent events for as long as the page is open, across lost connections.
 *
 * `opened` is called at the start and after every loss: it must fetch the state, since events may be missing.
 * `lost` is called when the connection breaks. The handlers get the parsed data; one that returns `false`
 * ends the listening.
 *
 * @param {string} address
 * @param {{opened: () => void, lost: () => void}} connection
 * @param {Record<string, (data: any) => void | boolean>} handlers
 */
export function listen(address, connection, handlers) {
  let retryMs = FIRST_RETRY_MS;
  connect();

  function connect() {
    const source = new EventSource(address);
    source.addEventListener("open", () => {
      retryMs = FIRST_RETRY_MS;
      connection.opened();
    });
    source.addEventListener("error", () => reconnect(source));
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => {
        if (handle(JSON.parse(event.data)) === false) source.close();
      });
    }
    window.addEventListener("pagehide", () => source.close(), { once: true });
  }

  /** The browser gives up for good on some errors, and else retries every few seconds: do both ourselves.
   * @param {EventSource} source */
  function reconnect(source) {
    source.close();
    connection.lost();
    setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  }
}
