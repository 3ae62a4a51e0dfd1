package payment

// Resolution is a person's decision about an operation that needs attention.
type Resolution string

const (
	// ResolveAsk opens the operation again: the gateway is asked at once, and for another Config.GiveUpAfter at the most.
	ResolveAsk Resolution = "ask"
	// ResolveAccept takes what the gateway says for true, or success where it cannot say, for at most the operation's amount.
	ResolveAccept Resolution = "accept"
	// ResolveFail ends the operation as if the gateway had declined it.
	ResolveFail Resolution = "fail"
)
