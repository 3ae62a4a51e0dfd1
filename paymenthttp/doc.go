// Package paymenthttp is the HTTP surface of a shop: three handlers to mount anywhere, for browsers ([Storefront]), for the people who run
// the shop ([Admin]), and for gateways ([Webhooks]). Their paths and objects are those of Medusa's HTTP API, so that its JavaScript SDK,
// @medusajs/js-sdk, can drive them.
//
//	storefront, err := paymenthttp.Storefront(paymenthttp.Config{Service: svc, Authorize: mayThey, ResolveCart: priceOf})
//	mux.Handle("/store/", storefront)
//
// The host decides who may do what, and what a cart costs: nothing about money is taken from a browser. What it sends as data goes to the
// provider as Input, and nowhere else. An object that is not the caller's looks as if it did not exist.
//
// Answers are JSON: snake_case, amounts as numbers in major units, currencies in lower case, times in RFC 3339. An error is an object with
// type, message and code, and field where one is to blame; no message holds a gateway's words.
//
//	400 invalid_data, not_allowed   the request, or the object's state; code says which: invalid, amount_exceeded, canceled, too_many_declines …
//	404 not_found                   it is not there, or not the caller's
//	405, 413, 415                   with Allow; a body above 80 KiB (a webhook's: 256 KiB); one that is not application/json
//	409 conflict                    an Idempotency-Key that was used with another request; or cart_changed: choose a provider again
//	422 payment_authorization_error declined: reason is the provider's code, payment_session may be tried again
//	503 unexpected_state            with Retry-After: nothing has happened, or the store is down
//
// [OpenAPI] describes all of it, field by field.
//
// 202 with Retry-After is no error: the outcome is not known yet (code pending, outcome_unknown, in_progress or needs_attention). Ask again, and
// never pay again. With in_progress it is another request whose outcome is not known, and nothing of this one has happened: make it again. A page
// waits for a webhook with GET /store/payment-sessions/{id}?wait=25 and the ETag that it has in If-None-Match.
package paymenthttp
