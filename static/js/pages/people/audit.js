/** @import { AuditEntry } from "../../api/types.js" */
import { problemOf } from "../../api/client.js";
import { getAudit } from "../../api/people.js";
import { startPage } from "../../components/common/page.js";
import { fillProblem } from "../../components/common/problem-box.js";
import { buttonOf, create, find, slotOf } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";
import { moment } from "../../lib/moment.js";

const REFUSED = 400;

startPage();
const root = find(document, "[data-audit]", HTMLElement);
const entries = find(root, "[data-entries]", HTMLTableSectionElement);
const more = buttonOf(root, "more");
/** @type {number | null} */
let next = null;

more.addEventListener("click", () => void load());
void load();

async function load() {
  try {
    const page = await getAudit(next);
    entries.append(...page.entries.map(rowOf));
    next = page.next;
    more.hidden = next === null;
    slotOf(root, "nothing").hidden = entries.children.length > 0;
  } catch (error) {
    slotOf(root, "problem").hidden = false;
    fillProblem(slotOf(root, "problem"), problemOf(error));
  }
}

/** @param {AuditEntry} entry */
function rowOf({ at, person_name: name, key_id: key, address, action, thing, status }) {
  const who = key ? t("{name}, by API key", { name }) : name || t("a shared link");
  const outcome = status >= REFUSED ? t("refused ({status})", { status }) : t("done");
  const cells = [moment(at), who, address, action.replaceAll("_", " "), thing, outcome];
  return create("tr", {}, ...cells.map((cell) => create("td", {}, cell)));
}
