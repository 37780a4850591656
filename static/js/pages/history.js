import { JobList } from "../components/job-list.js";
import { liveSearch } from "../components/live-search.js";
import { startPage } from "../components/page.js";
import { find } from "../lib/dom.js";

startPage();
const results = find(document, "[data-results]", HTMLElement);
new JobList(results);
liveSearch(find(document, "[data-search-form]", HTMLFormElement), results);
