"use strict";
// The page of an order: it waits for the bank, and shows what the server says by then.
(() => {
  const status = document.querySelector("#status");
  const main = document.querySelector("#main");
  const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

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

  // watch asks again and again, each time for up to 25 seconds, with the version that the page shows.
  async function watch(session, tag) {
    for (;;) {
      try {
        const answer = await fetch(`/store/payment-sessions/${session}?wait=25`, { cache: "no-store", headers: { "If-None-Match": tag } });
        if (answer.status === 200) {
          await show();
          return;
        }
        if (answer.status !== 304) return;
        const after = Number(answer.headers.get("Retry-After"));
        if (after) await pause(after);
      } catch {
        await pause(2);
      }
    }
  }

  function start() {
    for (const one of main.querySelectorAll("[data-watch]")) watch(one.dataset.watch, one.dataset.tag);
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
