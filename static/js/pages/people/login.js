import { problemOf } from "../../api/client.js";
import { logIn } from "../../api/people.js";
import { startPage } from "../../components/common/page.js";
import { fillProblem } from "../../components/common/problem-box.js";
import { find, slotOf } from "../../lib/dom.js";

startPage();
const form = find(document, "[data-login]", HTMLFormElement);
const password = find(form, "[name=password]", HTMLInputElement);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await logIn(find(form, "[name=name]", HTMLInputElement).value, password.value);
    location.assign(form.dataset.next ?? "/");
  } catch (error) {
    slotOf(form, "problem").hidden = false;
    fillProblem(slotOf(form, "problem"), problemOf(error));
    password.select();
    password.focus();
  }
});
