import { logOut } from "../../api/people.js";
import { url } from "../../lib/address.js";

/** End the session with the button of the header; the page of the login comes, whatever the server says. */
export function logOutButton() {
  const button = document.querySelector('[data-action="log-out"]');
  button?.addEventListener("click", async () => {
    try {
      await logOut();
    } finally {
      location.assign(url("/login"));
    }
  });
}
