package simulation

import "github.com/seed40c892db/payment"

// mail is the webhooks on their way from the gateway.
type mail struct{}

func (m *mail) stored(_ *world, _ *actor, _ *payment.Delivery) {}

func (w *world) collectMail() {}
func (w *world) deliverMail() {}
