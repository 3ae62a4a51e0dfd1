"use strict";
// The checkout: the library's storefront API, called step by step. Whatever happens on the way, a reload finds what there is.
(() => {
  const status = document.querySelector("#status");
  const form = document.querySelector("#pay");
  const say = (text, kind) => {
    status.textContent = text;
    status.className = kind === undefined ? "float" : kind;
  };

  // ask calls the shop. Amounts are never read from an answer: the server shows them.
  async function ask(method, path, body) {
    const answer = await fetch(path, {
      method, cache: "no-store",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const json = answer.status === 304 ? {} : await answer.json();
    return { status: answer.status, ok: answer.ok, after: Number(answer.headers.get("Retry-After")) || 1, json };
  }

  // leave shows what the server says by now, without a step back to what was.
  const leave = (path) => location.replace(path);

  // outcome does what the answer to a payment asks for.
  function outcome(cart, a) {
    const session = a.json.payment_session;
    if (a.json.code === "requires_more") {
      const next = session.next_action;
      if (next && next.kind === "redirect") {
        say("Your bank wants to hear from you…");
        location.assign(next.url);
        return true;
      }
    }
    if (a.status === 200 && session && session.status === "authorized") {
      say("Thank you. Your payment was accepted.");
      leave(`/orders/${cart}`);
      return true;
    }
    if (a.status === 202) { // not known yet: the page waits, and never pays again
      say("Your payment is being decided…");
      leave(`/checkout/${cart}`);
      return true;
    }
    return false;
  }

  const reasons = {
    card_declined: "The card was declined. Please try another one.",
    insufficient_funds: "There is not enough money on this card. Please try another one.",
    authentication_failed: "Your bank could not confirm that it was you.",
  };

  function refused(cart, a) {
    const { code, field, reason } = a.json;
    if (a.status === 422) {
      say(reasons[reason] || "The payment was declined. Please try another way.", "float bad");
      return;
    }
    if (field === "data.shown" || code === "not_allowed" || code === "amount_exceeded" || a.status === 404) {
      sessionStorage.setItem("said", "Something has changed meanwhile: please look again.");
      leave(`/checkout/${cart}`); // another tab has paid, or changed the cart
      return;
    }
    const said = {
      too_many_declines: "Too many attempts were declined. Please order again.",
      not_sent: "That did not work, and nothing was paid. Please try again.",
    };
    say(said[code] || "That did not work. Try again: nobody pays twice.", "float bad"); // it may have been paid
  }

  // pay chooses the provider and authorizes its session: both may be repeated without paying twice.
  async function pay(cart, provider, data, token) {
    let a = await ask("POST", "/store/payment-collections", { cart_id: cart });
    if (!a.ok) return refused(cart, a);
    const collection = a.json.payment_collection.id;
    a = await ask("POST", `/store/payment-collections/${collection}/payment-sessions`, { provider_id: provider, data });
    if (!a.ok) return refused(cart, a);
    const chosen = a.json.payment_collection.payment_sessions.at(-1);
    const open = ["pending", "requires_more", "error"];
    if (!chosen || chosen.provider_id !== provider || !open.includes(chosen.status)) return leave(`/checkout/${cart}`);
    a = await ask("POST", `/store/payment-sessions/${chosen.id}/authorize`, token ? { data: { token } } : {});
    if (!outcome(cart, a)) refused(cart, a);
  }

  // tokenOf stands for the script of a gateway, which would send the number to the gateway and get a token for it.
  function tokenOf(number) {
    const digits = number.replace(/\D/g, "");
    for (const chip of document.querySelectorAll(".chip")) {
      if (chip.dataset.number.replace(/\D/g, "") === digits) return chip.dataset.token;
    }
    return "";
  }

  if (form) {
    const number = form.querySelector("#number");
    const error = form.querySelector("#number-error");
    const button = form.querySelector("#submit");
    const wrong = (text) => {
      error.textContent = text;
      number.setAttribute("aria-invalid", text ? "true" : "false");
    };
    for (const chip of form.querySelectorAll(".chip")) {
      chip.addEventListener("click", () => {
        number.value = chip.dataset.number;
        form.querySelector("#expiry").value = "12/30";
        form.querySelector("#code").value = "123";
        wrong("");
        button.focus();
      });
    }
    number.addEventListener("input", () => wrong(""));
    let busy = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      const chosen = new FormData(form);
      const provider = chosen.get("provider");
      let token = "";
      if (provider === "card") {
        token = tokenOf(number.value);
        if (!token) {
          wrong("Choose one of the test cards below.");
          number.focus();
          return;
        }
        const empty = [...form.querySelectorAll(".card-fields input")].find((field) => !field.value);
        if (empty) {
          say("Please fill in the whole card.", "float bad");
          empty.focus();
          return;
        }
      }
      if (provider === "bank") token = "tok_delayed";
      const part = form.querySelector("input[name=part]:checked");
      busy = true;
      button.setAttribute("aria-disabled", "true");
      form.classList.add("paying");
      say("Paying…");
      try {
        await pay(form.dataset.cart, provider, { part: part.value, shown: part.dataset.shown }, token);
      } catch {
        say("The shop could not be reached. Try again: nobody pays twice.", "float bad");
      } finally {
        busy = false;
        button.removeAttribute("aria-disabled");
        form.classList.remove("paying");
        if (status.classList.contains("bad")) number.focus();
      }
    });
  }

  const challenge = document.querySelector("#challenge");
  if (challenge) {
    const cart = challenge.dataset.cart;
    const act = async (path, then) => {
      try {
        then(await ask("POST", path, {}));
      } catch {
        say("The shop could not be reached. Please try again.", "float bad");
      }
    };
    const check = (id) => act(`/store/payment-sessions/${id}/authorize`, (a) => {
      if (a.json.code === "requires_more") {
        say("Your bank has not heard from you yet.");
      } else if (!outcome(cart, a)) {
        leave(`/checkout/${cart}`);
      }
    });
    document.querySelector("#check").addEventListener("click", (event) => check(event.target.dataset.session));
    document.querySelector("#cancel").addEventListener("click", (event) =>
      act(`/store/payment-sessions/${event.target.dataset.session}/cancel`, () => leave(`/checkout/${cart}`)));
    if ("back" in challenge.dataset) check(document.querySelector("#check").dataset.session);
  }

  for (const one of document.querySelectorAll("[data-watch]")) watchSession(one, () => location.reload());

  const said = sessionStorage.getItem("said");
  if (said) {
    sessionStorage.removeItem("said");
    say(said, "");
  }
  // A page that comes back out of the browser's memory shows what was.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
