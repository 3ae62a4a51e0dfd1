// Package stripeprovider takes payments by Stripe: a [payment.Provider] over PaymentIntents. It is a module of its own.
//
//	stripe, err := stripeprovider.New(stripeprovider.Config{
//		SecretKey:      os.Getenv("STRIPE_SECRET_KEY"),
//		PublishableKey: os.Getenv("STRIPE_PUBLISHABLE_KEY"),
//		WebhookSecrets: []string{os.Getenv("STRIPE_WEBHOOK_SECRET")},
//	})
//
// A session is one intent. CreateSession opens it, and the session's Data is all that the page needs for Stripe.js:
//
//	intent_id, client_secret, publishable_key    for Stripe.js
//	account                                      of direct charges: Stripe.js wants it as stripeAccount
//	amount, currency_code, status                to be shown; the status is Stripe's word
//
// The shopper confirms in the page, and AuthorizeSession then reads what came of it; a webhook does the same where the page is gone. With
// Input["confirmation_token"] or Input["payment_method"], AuthorizeSession confirms by the server instead.
//
// docs/stripe.md of the library goes from keys to the first payment, and has the page's JavaScript and the webhook's set-up.
//
// # Context
//
// What the host may say about the shopper in CreateSession's Context, all of it optional; other keys are ignored:
//
//	customer                       cus_…: whose payment methods may be used and kept
//	email                          where Stripe sends its receipt
//	description                    shown in Stripe's dashboard and on the receipt
//	statement_descriptor_suffix    on the card's statement, at most 22 characters with the account's prefix
//	setup_future_usage             on_session or off_session: keep the payment method of the customer
//	payment_method_types           a list such as ["card", "ideal"], instead of what the dashboard enables
//	payment_method                 pm_…: one that is kept; AuthorizeSession confirms it once. To try again, name it in Input
//	off_session                    true: nobody is at the page while payment_method is charged; a bank that asks for a challenge declines then
//	return_url                     where a bank's page sends the shopper back to, after a confirm by the server
//	shipping                       {"name", "phone", "address": {"line1", "line2", "city", "state", "postal_code", "country"}}
//
// A value that Stripe would refuse is [payment.ErrNotSent], and the operation's message names the key, never the value.
//
// # What is sent once
//
// Every request that changes something is sent once, with the operation's key; stripe-go's retries and those of net/http are off. Whether it
// is repeated is for the library to decide. An answer that Stripe repeats from memory is not believed: the intent is read again.
//
// # Movements
//
// Stripe keeps no list of captures. Each capture of ours writes its key and amount into the intent's metadata in the same request; what was
// received beyond those was captured elsewhere. Refunds have the key in metadata of their own. Do not change or remove what begins with
// payment_ or capture_ at the dashboard.
//
// # Tests
//
// Package stripetest is a gateway with books of its own that answers as Stripe does, for tests without a network.
package stripeprovider
