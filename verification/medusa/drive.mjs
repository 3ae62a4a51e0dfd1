// Makes every payment call of @medusajs/js-sdk against a server of paymenthttp, and compares: a line for each call, and exit code 1 for any difference.
import assert from "node:assert/strict";
import Medusa from "@medusajs/js-sdk";

const [url, token] = process.argv.slice(2);

const silent = { error() {}, warn() {}, info() {}, debug() {} };
const client = (headers) =>
  new Medusa({ baseUrl: url, publishableKey: "pk_shop", globalHeaders: headers, logger: silent, auth: { type: "jwt", jwtTokenStorageMethod: "memory" } });
const shopper = client({ "x-cart": "cart_1" });
const stranger = client({ "x-cart": "cart_2" });
const admin = client({});
await admin.client.setToken(token);

// Every method that the SDK has for payments must be called by its name here.
const { payment: adminPayment, paymentCollection, refundReason } = admin.admin;
const methods = new Set([
  ...Object.keys(shopper.store.payment).map((m) => "store.payment." + m),
  ...Object.entries({ payment: adminPayment, paymentCollection, refundReason }).flatMap(([name, o]) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(o)).filter((m) => m !== "constructor").map((m) => `admin.${name}.${m}`)),
]);

let calls = 0;
let failed = 0;

// call makes a call, checks its answer or its error, and prints a line.
async function call(name, make, check) {
  calls++;
  methods.delete(name);
  let answer;
  try {
    answer = await make();
    await check(answer);
    console.log(`ok    ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAIL  ${name}: ${error.message}${error.status ? " (" + error.status + ")" : ""}\n      answer: ${JSON.stringify(answer)}`);
  }
  return answer;
}

// refused makes a call that must be refused with a status.
const refused = (name, status, make) =>
  call(`${name}: ${status}`, () => make().then(() => assert.fail("it was not refused"), (error) => error), (error) => {
    assert.equal(error.status, status, error.message);
    assert.ok(error.message.length > 0, "no message");
  });

// has requires fields, of those that Medusa's types have, and the values that are given.
function has(object, fields, values = {}) {
  for (const f of fields) assert.ok(f in object, "no field " + f);
  for (const [f, v] of Object.entries(values)) assert.deepEqual(object[f], v, f);
}
const ofCollection = ["id", "currency_code", "amount", "authorized_amount", "captured_amount", "refunded_amount", "status", "payment_providers",
  "payment_sessions", "payments", "metadata", "completed_at", "created_at", "updated_at"];
const ofSession = ["id", "amount", "currency_code", "provider_id", "data", "status", "authorized_at", "payment"];
const ofPayment = ["id", "amount", "currency_code", "payment_collection_id", "payment_session_id", "provider_id", "captured_at", "canceled_at",
  "authorized_amount", "captured_amount", "refunded_amount", "captures", "refunds", "data", "created_at", "updated_at"];
const ofReason = ["id", "label", "code", "description", "metadata", "created_at", "updated_at"];
const ofPage = ["count", "limit", "offset"];

// The shopper chooses a provider and pays.
await call("store.payment.listPaymentProviders", () => shopper.store.payment.listPaymentProviders({ region_id: "reg_1", limit: 10, offset: 0, fields: "id" }), (a) => {
  has(a, ofPage, { count: 2, limit: 10, offset: 0 });
  assert.deepEqual(a.payment_providers, [{ id: "sandbox", is_enabled: true }, { id: "manual", is_enabled: true }]);
});
const begun = await call("store.payment.initiatePaymentSession",
  () => shopper.store.payment.initiatePaymentSession({ id: "cart_1" }, { provider_id: "sandbox", data: { wrap: "paper" } }, { fields: "*payment_sessions" }), (a) => {
    has(a.payment_collection, ofCollection, { amount: 100.1, currency_code: "eur", status: "awaiting", authorized_amount: 0 });
    assert.equal(a.payment_collection.payment_sessions.length, 1);
    has(a.payment_collection.payment_sessions[0], ofSession, { amount: 100.1, provider_id: "sandbox", status: "pending", payment: null });
  });
const session = begun.payment_collection.payment_sessions[0];
await call("store.payment.initiatePaymentSession",
  () => shopper.store.payment.initiatePaymentSession({ id: "cart_1", payment_collection: begun.payment_collection }, { provider_id: "sandbox" }), (a) => {
    assert.equal(a.payment_collection.payment_sessions[0].id, session.id, "another session");
  });
await refused("store.payment.initiatePaymentSession", 404, () => stranger.store.payment.initiatePaymentSession({ id: "cart_1" }, { provider_id: "sandbox" }));
const authorize = (who, data) => who.client.fetch(`/store/payment-sessions/${session.id}/authorize`, { method: "POST", body: { data } });
await refused("client.fetch authorize", 422, () => authorize(shopper, { token: "tok_declined" }));
await refused("client.fetch authorize", 404, () => authorize(stranger, { token: "tok_visa" }));
const paid = await call("client.fetch authorize", () => authorize(shopper, { token: "tok_visa" }), (a) => {
  has(a.payment, ofPayment, { amount: 100.1, captured_amount: 0, payment_session_id: session.id });
  has(a.payment_session, ofSession, { status: "authorized" });
});
const id = paid.payment.id;

// An admin captures and refunds.
await call("admin.payment.list", () => adminPayment.list({ limit: 5, offset: 0, order: "-created_at", payment_session_id: session.id, fields: "id" }), (a) => {
  has(a, ofPage, { count: 1, limit: 5, offset: 0 });
  has(a.payments[0], ofPayment, { id });
});
await call("admin.payment.retrieve", () => adminPayment.retrieve(id, { fields: "*payment_collection" }), (a) => {
  has(a.payment, [...ofPayment, "payment_collection", "payment_session"], { id, amount: 100.1, refunds: [], captures: [] });
  has(a.payment.payment_collection, ["id", "amount"], { status: "authorized", authorized_amount: 100.1 });
});
await call("admin.payment.listPaymentProviders", () => adminPayment.listPaymentProviders({ limit: 1, offset: 1 }), (a) => {
  has(a, ofPage, { count: 2, limit: 1, offset: 1 });
  assert.deepEqual(a.payment_providers, [{ id: "manual", is_enabled: true }]);
});
await refused("admin.payment.capture", 400, () => adminPayment.capture(id, { amount: 100.11 }));
await call("admin.payment.capture", () => adminPayment.capture(id, { amount: 60.07 }), (a) => {
  has(a.payment, ofPayment, { captured_amount: 60.07, captured_at: null });
  has(a.payment.captures[0], ["id", "created_at"], { amount: 60.07, created_by: "ada" });
});
await call("admin.payment.capture", () => adminPayment.capture(id, {}), (a) => {
  has(a.payment, ofPayment, { captured_amount: 100.1 });
  assert.equal(a.payment.captures.length, 2);
  assert.ok(a.payment.captured_at);
  assert.equal(a.payment.payment_collection.status, "completed");
});
const made = await call("admin.refundReason.create", () => refundReason.create({ label: "Damaged", code: "damaged", description: "It was damaged", metadata: { shelf: 3 } }), (a) => {
  has(a.refund_reason, ofReason, { label: "Damaged", code: "damaged", description: "It was damaged", metadata: { shelf: 3 } });
});
const why = made.refund_reason.id;
await call("admin.refundReason.list", () => refundReason.list({ limit: 10, offset: 0 }), (a) => {
  has(a, ofPage, { count: 1, limit: 10, offset: 0 });
  assert.equal(a.refund_reasons[0].id, why);
});
await call("admin.refundReason.retrieve", () => refundReason.retrieve(why, { fields: "id,label" }), (a) => has(a.refund_reason, ofReason, { id: why }));
await call("admin.refundReason.update", () => refundReason.update(why, { label: "Broken" }), (a) => {
  has(a.refund_reason, ofReason, { id: why, label: "Broken", code: "damaged", description: "It was damaged" });
});
await call("admin.payment.refund", () => adminPayment.refund(id, { amount: 10.03, refund_reason_id: why, note: "sorry" }), (a) => {
  has(a.payment, ofPayment, { refunded_amount: 10.03, captured_amount: 100.1 });
  has(a.payment.refunds[0], ["id", "created_at"], { amount: 10.03, refund_reason_id: why, note: "sorry", created_by: "ada" });
});
await refused("admin.payment.refund", 400, () => adminPayment.refund(id, { amount: 90.08 }));
await call("admin.refundReason.delete", () => refundReason.delete(why), (a) => assert.deepEqual(a, { id: why, object: "refund_reason", deleted: true }));
await refused("admin.refundReason.retrieve", 404, () => refundReason.retrieve(why));
await refused("admin.payment.retrieve", 404, () => adminPayment.retrieve("pay_unknown"));
await refused("admin.payment.list", 401, () => stranger.admin.payment.list());

// An admin asks for an order's payment, and records it.
const asked = await call("admin.paymentCollection.create", () => paymentCollection.create({ order_id: "order_1", amount: 12.34 }), (a) => {
  has(a.payment_collection, ofCollection, { amount: 12.34, currency_code: "eur", status: "not_paid" });
});
await call("admin.paymentCollection.markAsPaid", () => paymentCollection.markAsPaid(asked.payment_collection.id, { order_id: "order_1" }), (a) => {
  has(a.payment_collection, ofCollection, { id: asked.payment_collection.id, status: "completed", captured_amount: 12.34 });
  has(a.payment_collection.payments[0], ofPayment, { provider_id: "manual", captured_amount: 12.34 });
});
await refused("admin.paymentCollection.delete", 400, () => paymentCollection.delete(asked.payment_collection.id));
const other = (await paymentCollection.create({ order_id: "order_2", amount: 7 })).payment_collection.id;
await call("admin.paymentCollection.createPaymentSession", () => paymentCollection.createPaymentSession(other, { provider_id: "sandbox", data: {} }), (a) => {
  has(a.payment_collection, ofCollection, { id: other, status: "awaiting" });
  has(a.payment_collection.payment_sessions[0], ofSession, { amount: 7, provider_id: "sandbox" });
});
await call("admin.paymentCollection.delete", () => paymentCollection.delete(other), (a) => {
  assert.deepEqual(a, { id: other, object: "payment-collection", deleted: true });
});

// What the gateway has in its books in the end.
await call("the gateway's books", async () => (await fetch(url + "/books")).json(), (books) => {
  assert.deepEqual(books.map(({ Session, ...rest }) => rest), [
    { Status: "succeeded", Amount: "100.1", Capturable: "0", Captured: "100.1", Refunded: "10.03" },
    { Status: "canceled", Amount: "7", Capturable: "0", Captured: "0", Refunded: "0" },
  ]);
  assert.equal(books[0].Session, session.id);
});
if (methods.size > 0) {
  failed++;
  console.log("FAIL  these methods of the SDK were not called: " + [...methods].join(", "));
}
console.log(`${calls} calls, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
