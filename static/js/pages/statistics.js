import { startPage } from "../components/common/page.js";
import { showError } from "../components/common/problem-box.js";
import { showStatistics } from "../components/history/statistics.js";
import { problemOf } from "../api/client.js";
import { find } from "../lib/dom.js";
import { getStatistics } from "../api/history.js";

startPage();
const root = find(document, "[data-statistics]", HTMLElement);
try {
  showStatistics(root, await getStatistics());
} catch (error) {
  showError(root, problemOf(error));
}
