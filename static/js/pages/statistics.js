import { startPage } from "../components/page.js";
import { complain } from "../components/problem-box.js";
import { showStatistics } from "../components/statistics.js";
import { problemOf } from "../lib/api.js";
import { find } from "../lib/dom.js";
import { getStatistics } from "../lib/history-api.js";

startPage();
const root = find(document, "[data-statistics]", HTMLElement);
try {
  showStatistics(root, await getStatistics());
} catch (error) {
  complain(root, problemOf(error));
}
