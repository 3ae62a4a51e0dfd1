// Package stripetest is a payment gateway that answers as Stripe does, for tests without a network and without an account.
//
// It listens on a port of this machine, so that any client of Stripe's API can be pointed at it, stripe-go's and stripeprovider's
// alike. It keeps its own books, apart from the caller's, and so it can disagree with them: answers get lost, a request arrives late,
// somebody refunds at the dashboard, a bank returns a refund. In the end both books must say the same.
//
//	gw, err := stripetest.New(stripetest.Config{})
//	defer gw.Close()
//	p, err := stripeprovider.New(stripeprovider.Config{
//		SecretKey:      stripetest.DefaultSecretKey,
//		PublishableKey: stripetest.DefaultPublishableKey,
//		WebhookSecrets: []string{stripetest.DefaultWebhookSecret},
//		BaseURL:        gw.URL(),
//	})
//
// Where Stripe's documentation leaves something open, the gateway takes the harder side: it refuses what Stripe may take, and answers
// what Stripe may answer. A client that passes here has still to pass with a test key of Stripe's own.
//
// # What it understands
//
// PaymentIntents: create, retrieve, update, confirm, capture, cancel and search. Refunds: create, retrieve and list. Charges: retrieve.
// Parameters and objects are those of version 2026-03-25.dahlia, whatever Stripe-Version says. A parameter that Stripe does not know is
// refused as there, with parameter_unknown; so is one that only this gateway does not know. Amounts are in minor units, with Stripe's
// rules for each currency.
//
// What a shopper pays with is one of Stripe's test payment methods (https://docs.stripe.com/testing):
//
//	pm_card_visa, pm_card_mastercard, pm_card_amex          authorized
//	pm_card_chargeDeclined                                  declined: card_declined, generic_decline
//	pm_card_chargeDeclinedInsufficientFunds                 declined: card_declined, insufficient_funds
//	pm_card_chargeDeclinedFraudulent                        declined: card_declined, fraudulent
//	pm_card_chargeDeclinedExpiredCard, …IncorrectCvc, …ProcessingError
//	pm_card_threeDSecure2Required, pm_card_authenticationRequired    requires_action, then authorized
//	pm_card_threeDSecureRequiredChargeDeclined              requires_action, then declined
//	pm_card_pendingRefund                                   authorized; its refunds stay pending until Gateway.ResolveRefund
//	pm_usBankAccount                                        processing, until Gateway.ResolveDelayed; with automatic capture alone
//
// No amount means anything special.
//
// # Outside
//
// What happens without the API is a method of the Gateway. The page: [Gateway.Confirm], [Gateway.NewConfirmationToken]. The shopper's
// bank: [Gateway.CompleteChallenge], [Gateway.ResolveDelayed], [Gateway.ResolveRefund], [Gateway.ReturnRefund], [Gateway.Expire],
// [Gateway.Dispute]. The merchant's dashboard: [Gateway.CaptureAtDashboard], [Gateway.RefundAtDashboard], [Gateway.CancelAtDashboard].
// The URL that a challenge redirects to shows no page: call CompleteChallenge.
//
// # Keys
//
// A request with an Idempotency-Key is executed once, and what it was answered is kept for [Config].KeyTTL, a refusal and a 500 too. The
// same request is then answered from memory, with Idempotent-Replayed; another one is refused with idempotency_error; one that comes
// while the first is under way gets 409. What was refused before anything was executed is not kept: unknown parameters, 401, 403, 429.
//
// # Faults
//
// [Gateway.FailNext] plans what goes wrong with the next requests of an [Operation]; [Gateway.Stall] and [Gateway.Disconnect] stop all
// of them; [Gateway.PauseIndexing] lets search lag.
//
// # Events
//
// [Gateway.Events] are Stripe's events, and [Gateway.Sign] makes a signed webhook of one. Nothing is delivered by itself: a test
// delivers events in any order, twice, or never.
//
// # Proof
//
// [Gateway.Intents] are the books: how often a shopper was charged, what was taken and given back, and by which request.
// [Gateway.Requests] is the log of what arrived.
package stripetest
