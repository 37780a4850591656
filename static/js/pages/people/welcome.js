import { problemOf } from "../../api/client.js";
import { lookAtLink, setFirstPassword } from "../../api/people.js";
import { startPage } from "../../components/common/page.js";
import { fillProblem } from "../../components/common/problem-box.js";
import { url } from "../../lib/address.js";
import { find, slotOf } from "../../lib/dom.js";
import { t } from "../../lib/messages.js";

startPage();
const form = find(document, "[data-welcome]", HTMLFormElement);
const password = find(form, "[name=password]", HTMLInputElement);
const again = find(form, "[name=again]", HTMLInputElement);
const secret = location.hash.slice(1);

void attempt(async () => {
  find(form, "[name=name]", HTMLInputElement).value = (await lookAtLink(secret)).name;
  slotOf(form, "form").hidden = false;
  password.focus();
});
for (const input of [password, again]) {
  input.addEventListener("input", () =>
    again.setCustomValidity(again.value === password.value ? "" : t("The two differ.")),
  );
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void attempt(async () => {
    await setFirstPassword(secret, password.value);
    history.replaceState(null, "", url("/welcome")); // the secret is used, and need not stay in the address
    location.assign(url("/"));
  });
});

/** @param {() => Promise<void>} step */
async function attempt(step) {
  try {
    await step();
  } catch (error) {
    slotOf(form, "problem").hidden = false;
    fillProblem(slotOf(form, "problem"), problemOf(error));
  }
}
