package payment

// SessionStatus is where an authorization stands. There are exactly five.
type SessionStatus string

const (
	// StatusPending awaits authorization: by the shopper, by AuthorizeSession, or by the gateway when
	// [PaymentSession.ProcessingSince] is set. It expires at ExpiresAt, if that is set.
	StatusPending SessionStatus = "pending"
	// StatusRequiresMore awaits the shopper: [PaymentSession.NextAction] says what to do, such as a 3DS challenge.
	// AuthorizeSession goes on from there.
	StatusRequiresMore SessionStatus = "requires_more"
	// StatusAuthorized is held at the gateway and has a [Payment]. It leaves this status only by a void.
	StatusAuthorized SessionStatus = "authorized"
	// StatusError was declined. AuthorizeSession tries again, as a new operation.
	StatusError SessionStatus = "error"
	// StatusCanceled is over: canceled, voided or expired. Nothing leaves this status.
	StatusCanceled SessionStatus = "canceled"
)

// SessionStatuses returns the five statuses in the order of the documentation.
func SessionStatuses() []SessionStatus {
	return []SessionStatus{StatusPending, StatusRequiresMore, StatusAuthorized, StatusError, StatusCanceled}
}

// CanBecome reports whether a session in status s may go to status to. This is the whole state machine.
func (s SessionStatus) CanBecome(to SessionStatus) bool {
	switch s {
	case StatusPending, StatusRequiresMore, StatusError:
		switch to {
		case StatusPending, StatusRequiresMore, StatusAuthorized, StatusError, StatusCanceled:
			return true
		}
	case StatusAuthorized:
		return to == StatusAuthorized || to == StatusCanceled
	case StatusCanceled:
		return to == StatusCanceled
	}
	return false
}

// live reports whether a session in status s still awaits something.
func (s SessionStatus) live() bool { return s == StatusPending || s == StatusRequiresMore }

// CollectionStatus sums up a collection. It is derived, never set.
type CollectionStatus string

const (
	// CollectionNotPaid has no session that counts.
	CollectionNotPaid CollectionStatus = "not_paid"
	// CollectionAwaiting has a session that awaits authorization.
	CollectionAwaiting CollectionStatus = "awaiting"
	// CollectionFailed has nothing but failed sessions: a new one, or another try, is needed.
	CollectionFailed CollectionStatus = "failed"
	// CollectionPartiallyAuthorized holds less than its amount.
	CollectionPartiallyAuthorized CollectionStatus = "partially_authorized"
	// CollectionAuthorized holds its whole amount: goods can be prepared.
	CollectionAuthorized CollectionStatus = "authorized"
	// CollectionPartiallyCaptured has taken part of the money; how much of the rest is held, [PaymentCollection].Authorized says.
	CollectionPartiallyCaptured CollectionStatus = "partially_captured"
	// CollectionCompleted has taken all of it, or was completed by the host. Refunds do not change it.
	CollectionCompleted CollectionStatus = "completed"
	// CollectionCanceled was given up. Nothing leaves this status.
	CollectionCanceled CollectionStatus = "canceled"
)

// Status derives where the collection stands, from its amounts and its sessions. What was taken counts for more than what is held, so whether
// all that is owed is covered is not its to say: compare Authorized with Amount.
func (c *PaymentCollection) Status() CollectionStatus {
	switch {
	case !c.CanceledAt.IsZero():
		return CollectionCanceled
	case !c.CompletedAt.IsZero() || c.Captured.IsPositive() && c.Captured.GreaterThanOrEqual(c.Amount):
		return CollectionCompleted
	case c.Captured.IsPositive():
		return CollectionPartiallyCaptured
	case c.Authorized.GreaterThanOrEqual(c.Amount):
		return CollectionAuthorized
	case c.Authorized.IsPositive():
		return CollectionPartiallyAuthorized
	case c.LiveSessions > 0:
		return CollectionAwaiting
	case c.FailedSessions > 0:
		return CollectionFailed
	}
	return CollectionNotPaid
}
