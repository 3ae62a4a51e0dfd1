// Package stripeprovider takes payments by Stripe: a [payment.Provider] over PaymentIntents.
package stripeprovider
