"use strict";
// The page of an order: it waits for the bank, and shows what the server says by then.
(() => {
  const status = document.querySelector("#status");
  const main = document.querySelector("#main");

  // show puts the page as it is now in the place of what was.
  async function show() {
    const answer = await fetch(location.href, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    main.replaceChildren(...page.querySelector("#main").childNodes);
    const says = main.querySelector("#says");
    status.className = "unseen"; // it stands in the page: this one is spoken
    status.textContent = says ? says.textContent : "";
    start();
  }

  function start() {
    for (const one of main.querySelectorAll("[data-watch]")) watchSession(one, () => show().catch(() => location.reload()));
    const bank = main.querySelector("#bank");
    if (bank) {
      bank.addEventListener("submit", (event) => { // the bank's side: this page hears of it from the shop alone
        event.preventDefault();
        fetch(bank.action, { method: "POST", redirect: "manual", body: new URLSearchParams({ decision: event.submitter.value }) })
          .catch(() => { status.textContent = "The bank could not be reached."; });
      });
    }
  }
  start();
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
