"use strict";
// watchSession waits until the server knows more of a session than the page shows, and calls changed then. It asks again and again, each time
// for up to 25 seconds, with the version that it knows. What changes nothing to be seen is passed over: no page moves under a finger.
async function watchSession(element, changed) { // eslint-disable-line no-unused-vars
  const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
  const { watch, shows } = element.dataset;
  let tag = element.dataset.tag;
  while (element.isConnected) {
    try {
      const answer = await fetch(`/store/payment-sessions/${watch}?wait=25`, { cache: "no-store", headers: { "If-None-Match": tag } });
      if (answer.status === 200) {
        const session = (await answer.json()).payment_session;
        if (!shows || shows !== session.status + (session.processing_since ? " processing" : "")) {
          changed();
          return;
        }
        tag = answer.headers.get("ETag");
      } else if (answer.status >= 400 && answer.status < 500) {
        return; // it is not there any more, or somebody else's
      }
      await pause(Number(answer.headers.get("Retry-After")) || (answer.status >= 500 ? 2 : 0));
    } catch {
      await pause(2);
    }
  }
}
