package simulation

// Fault is something that goes wrong, or something out of the ordinary that happens, and is counted.
type Fault int

// What goes wrong, in the order in which it is printed.
const (
	CrashBeforeCommit Fault = iota
	CrashAfterCommit
	CrashBeforeCall
	CrashAfterCall
	CrashElsewhere
	CommitUnknownApplied
	CommitUnknownLost
	CommitConflict
	CommitMet
	StoreDown
	StoreDownAfter
	StoreSlow
	HeldUp
	CallerGone

	RequestLost
	ResponseLost
	StoredError
	StoredErrorAfter
	TooManyRequests
	ConnectionRefused
	KeyUnderWay
	Declined
	RequestDelayed
	ArrivedAfterRetry
	CallTimedOut
	KeyForgotten
	ChallengeAsked
	ChallengeAbandoned

	WebhookDropped
	WebhookDuplicated
	WebhookReordered
	WebhookForged
	WebhookStale
	WebhookWrongAmount
	WebhookRefusedByStore
	WebhookOfNobody

	ClockJump
	ClocksApart
	TimeLeap

	DashboardAuthorization
	DashboardCapture
	DashboardRefund
	DashboardCancel
	Disputed
	AuthorizationExpired
	IntentExpired
	RefundReturned
	MovementFailed
	UnaskedMoney
	BrowserConfirmed
	BankDecided

	BothReconcile
	EventsFail
	EventsPanic
	EventsSlow
	EventsPoisoned
	PersonDecided

	LieAmount
	LieAuthorized
	LieCurrency
	LieReference
	LieAccount
	LieTotals

	NoDecimals
	TwoDecimals
	ThreeDecimals
	GatewayWithoutKeys
	GatewayWithoutStatus
	GatewayWithoutStatusByKey
	GatewayWithoutList
	GatewayWithoutCanceler
	GatewayWithoutUpdater
	GatewayOfBrowsers
	GatewayCapturesLate
	GatewayRefundsLate
	GatewayCapturesOnce
	GatewayRefundsWhole
	GatewayCapturesItself
	GatewayForgetsSoon
	AuthorizationsExpire
	IntentsExpire
	GatewayHostile
	PureProvider
	AnswerFromReplica // whether it happens is said by the seed, not drawn: what other seeds play stays as it is

	faultCount
)

// String says what the fault is.
func (f Fault) String() string {
	if f < 0 || f >= faultCount {
		return "unknown"
	}
	return faultNames()[f]
}

// Faults returns all kinds of faults, in the order in which they are printed.
func Faults() []Fault {
	all := make([]Fault, faultCount)
	for i := range all {
		all[i] = Fault(i)
	}
	return all
}

func faultNames() [faultCount]string {
	return [faultCount]string{
		CrashBeforeCommit:    "crash before a commit",
		CrashAfterCommit:     "crash after a commit",
		CrashBeforeCall:      "crash before a call",
		CrashAfterCall:       "crash after a call",
		CrashElsewhere:       "crash elsewhere",
		CommitUnknownApplied: "commit applied, reported as unknown",
		CommitUnknownLost:    "commit not applied, reported as unknown",
		CommitConflict:       "version conflict, made up",
		CommitMet:            "version conflict, real",
		StoreDown:            "store down",
		StoreDownAfter:       "store did it, and reported a failure",
		StoreSlow:            "store slower than what records an answer may take",
		HeldUp:               "process held up",
		CallerGone:           "caller gone",

		RequestLost:        "request lost",
		ResponseLost:       "response lost after the effect",
		StoredError:        "500 stored under the key, no effect",
		StoredErrorAfter:   "500 stored under the key after the effect",
		TooManyRequests:    "429",
		ConnectionRefused:  "connection refused",
		KeyUnderWay:        "409, key under way",
		Declined:           "declined",
		RequestDelayed:     "request delayed beyond its timeout",
		ArrivedAfterRetry:  "delayed request arrived after its retry",
		CallTimedOut:       "call timed out",
		KeyForgotten:       "key forgotten while its operation was open",
		ChallengeAsked:     "3DS asked for",
		ChallengeAbandoned: "3DS abandoned",

		WebhookDropped:        "webhook dropped",
		WebhookDuplicated:     "webhook duplicated",
		WebhookReordered:      "webhook reordered",
		WebhookForged:         "webhook forged",
		WebhookStale:          "webhook stale",
		WebhookWrongAmount:    "webhook with a wrong amount",
		WebhookOfNobody:       "webhook about a session that is not ours",
		WebhookRefusedByStore: "webhook refused because the store failed",

		ClockJump:   "clock of a process jumped",
		ClocksApart: "clocks of the processes 5 s apart or more",
		TimeLeap:    "time leaped while something was under way",

		DashboardAuthorization: "authorization at the gateway's own terminal",
		DashboardCapture:       "capture at the dashboard",
		DashboardRefund:        "refund at the dashboard",
		DashboardCancel:        "cancellation at the dashboard",
		Disputed:               "dispute",
		AuthorizationExpired:   "authorization expired",
		IntentExpired:          "intent expired",
		RefundReturned:         "refund returned by the bank",
		MovementFailed:         "pending movement failed",
		UnaskedMoney:           "money that nobody asked for any more",
		BrowserConfirmed:       "confirmed in the browser",
		BankDecided:            "bank decided later",

		BothReconcile:  "both processes reconcile at once",
		EventsFail:     "OnEvent failed",
		EventsPanic:    "OnEvent panicked",
		EventsSlow:     "OnEvent slow",
		EventsPoisoned: "OnEvent failed for an event that it never takes",
		PersonDecided:  "a person decided",

		LieAmount:     "lie: amount",
		LieAuthorized: "lie: authorized amount",
		LieCurrency:   "lie: currency",
		LieReference:  "lie: reference",
		LieAccount:    "lie: account",
		LieTotals:     "lie: totals",

		NoDecimals:                "world: currency without decimals",
		TwoDecimals:               "world: currency with two decimals",
		ThreeDecimals:             "world: currency with three decimals",
		GatewayWithoutKeys:        "world: gateway without keys",
		GatewayWithoutStatus:      "world: gateway that cannot be asked",
		GatewayWithoutStatusByKey: "world: gateway that is not asked by key",
		GatewayWithoutList:        "world: gateway that lists no movements",
		GatewayWithoutCanceler:    "world: provider without Canceler",
		GatewayWithoutUpdater:     "world: provider without Updater",
		GatewayOfBrowsers:         "world: browsers confirm",
		GatewayCapturesLate:       "world: captures are pending first",
		GatewayRefundsLate:        "world: refunds are pending first",
		GatewayCapturesOnce:       "world: one capture only",
		GatewayRefundsWhole:       "world: whole refunds only",
		GatewayCapturesItself:     "world: gateway captures by itself",
		GatewayForgetsSoon:        "world: keys live for an hour or less",
		AuthorizationsExpire:      "world: authorizations expire",
		IntentsExpire:             "world: intents expire",
		GatewayHostile:            "world: gateway that says anything",
		PureProvider:              "world: a manual provider beside the gateway",
		AnswerFromReplica:         "answer of a replica, some seconds old",
	}
}

// Counts is how often each fault happened.
type Counts [faultCount]int64

// Add adds other counts.
func (c *Counts) Add(other *Counts) {
	for i := range c {
		c[i] += other[i]
	}
}

// hit counts a fault.
func (w *world) hit(f Fault) {
	w.faults[f]++
	if w.tracing {
		w.log(w.running, "fault: %s", f)
	}
}
