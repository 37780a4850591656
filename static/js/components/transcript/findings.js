/** @import { Finding } from "../../api/types.js" */
import { url } from "../../lib/address.js";
import { getFindings, problemOf, retranscribe } from "../../api/client.js";
import { copyOf, field, find, write } from "../../lib/dom.js";
import { coalesced } from "../../lib/coalesce.js";

const panel = document.querySelector("[data-findings]");
if (panel instanceof HTMLElement) findingsPanel(panel);

/**
 * Show what was noticed about a transcription, anew whenever its state changes; a button does what helps.
 *
 * @param {HTMLElement} panel
 */
function findingsPanel(panel) {
  const id = panel.dataset.id ?? "";
  const list = find(panel, "[data-list]", HTMLElement);
  const refresh = coalesced(async () => show((await getFindings(id)).findings));
  const transcript = document.querySelector("[data-transcript]");
  if (transcript) new MutationObserver(refresh).observe(transcript, { attributeFilter: ["data-state"] });
  panel.addEventListener("click", (event) => void act(event));

  /** @param {Finding[]} findings */
  function show(findings) {
    panel.hidden = !findings.length;
    list.replaceChildren(...findings.map(row));
  }

  /** @param {Event} event */
  async function act({ target }) {
    if (!(target instanceof HTMLButtonElement) || !target.dataset.remedy) return;
    const errorLine = field(panel, "finding-error");
    errorLine.hidden = true;
    target.disabled = true;
    try {
      const job = await retranscribe(id, JSON.parse(target.dataset.remedy));
      location.assign(url(`/transcriptions/${job.id}`));
    } catch (error) {
      const { message, advice } = problemOf(error);
      errorLine.textContent = `${message} ${advice}`;
      errorLine.hidden = false;
      target.disabled = false;
    }
  }
}

/** @param {Finding} finding */
function row({ id, fact, advice, remedy }) {
  const element = copyOf("finding-template");
  element.dataset.finding = id;
  write(element, "fact", fact);
  write(element, "advice", advice);
  find(element, ".finding__remedy", HTMLElement).hidden = !remedy;
  const button = find(element, "[data-remedy]", HTMLButtonElement);
  const link = find(element, "a", HTMLAnchorElement);
  const changes = remedy?.again ?? {};
  button.hidden = !Object.keys(changes).length;
  button.dataset.remedy = JSON.stringify(changes);
  link.hidden = !remedy?.page;
  link.href = remedy?.page ? url(remedy.page) : "";
  button.textContent = link.textContent = remedy?.label ?? "";
  return element;
}
