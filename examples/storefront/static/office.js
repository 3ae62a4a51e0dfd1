"use strict";
// Behind the counter: forms that call the library's admin API.
(() => {
  const status = document.querySelector("#status");
  const say = (text, kind) => {
    status.textContent = text;
    status.className = kind === undefined ? "float" : kind;
  };
  const done = { capture: "The money was taken.", refund: "The money was given back.", cancel: "What was held is released." };

  async function send(form) {
    const amount = form.elements.amount;
    if (amount && !/^[0-9]+([.][0-9]+)?$/.test(amount.value.trim())) {
      say("Write the amount like 12.50.", "float bad");
      amount.focus();
      return;
    }
    const button = form.querySelector("button");
    button.disabled = true;
    say("One moment…");
    try {
      for (let tries = 1; ; tries++) {
        const answer = await fetch(form.dataset.path, {
          method: "POST", cache: "no-store",
          headers: { "Content-Type": "application/json", "Idempotency-Key": form.dataset.key }, // the same for each try: it is one request
          body: amount ? `{"amount":${amount.value.trim().replace(/^0+(?=[0-9])/, "")}}` : "{}", // as it was typed: no number of JavaScript's
        });
        const json = await answer.json();
        if (answer.status === 202 && tries < 10) {
          say("The gateway has not answered yet. Asking again…");
          await new Promise((then) => setTimeout(then, 1000 * (Number(answer.headers.get("Retry-After")) || 1)));
          continue;
        }
        if (answer.status === 200) {
          sessionStorage.setItem("done", done[form.dataset.path.split("/").pop()]);
          location.reload();
          return;
        }
        say(answer.status === 202 ? "It is not known yet what became of it. Look again later." : `That is not possible: ${json.message}.`, "float bad");
        return;
      }
    } catch {
      say("The shop could not be reached. Try again: it is done once.", "float bad");
    } finally {
      button.disabled = false;
    }
  }
  for (const form of document.querySelectorAll("form.move")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
  const said = sessionStorage.getItem("done");
  if (said) {
    sessionStorage.removeItem("done");
    say(said, "");
  }
})();
