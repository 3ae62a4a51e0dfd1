// Package sandboxprovider is a payment gateway that moves no money, and the [payment.Provider] for it.
//
// The [Gateway] is a plain value in this process. It keeps its own books, apart from the library's, and so it can disagree with
// them: answers get lost, keys are forgotten, somebody captures at the dashboard, a bank returns a refund. Examples run on it, and
// so do tests, this library's and a host's own: in the end both books must say the same.
//
//	gw := sandboxprovider.NewGateway(sandboxprovider.GatewayConfig{})
//	svc, err := payment.NewService(memstore.New(), payment.Config{
//		Providers: []payment.Provider{sandboxprovider.New(gw, sandboxprovider.Config{})},
//	})
//
// It forgets everything at the end of the process, and its next life counts its names from int_000001 again. A store that outlives
// the process then knows intents that the gateway does not know, or that are another session's: with a durable store, run the gateway
// in a process of its own, as examples/durable does.
//
// What the shopper pays with is a token, sent as Input["token"]:
//
//	none, or tok_visa        authorized
//	tok_3ds                  requires_more: a redirect to the challenge page; authorized once it is passed
//	tok_3ds_declined         requires_more; declined with card_declined though the challenge is passed
//	tok_declined             declined with card_declined
//	tok_insufficient_funds   declined with insufficient_funds
//	tok_delayed              processing, until Gateway.ResolveDelayed says which
//	tok_auto                 authorized and captured at once
//	tok_500                  authorized, but the answer is a 500, stored under the key: an outcome nobody knows
//	any other                declined with token_unknown
//
// A challenge that is failed is declined with authentication_failed. After a decline another token can be tried. To authorize
// without a token after tok_3ds or tok_delayed is to ask what came of it. The challenge page sends the shopper back to the URL that the
// session's Context has under "return_url"; without one it only says what came of it.
//
// No amount means anything special: one that does in USD is another in JPY or KWD, and a test that draws amounts at random would
// hit it.
//
// # Outside
//
// What happens without the library is a method of the Gateway. The shopper: [Gateway.ConfirmInBrowser],
// [Gateway.CompleteChallenge], or both by HTTP with [Gateway.Handler]. The bank: [Gateway.ResolveDelayed],
// [Gateway.ResolveMovement], [Gateway.ReturnRefund], [Gateway.Expire], [Gateway.Dispute]. The merchant's dashboard:
// [Gateway.CaptureAtDashboard], [Gateway.RefundAtDashboard], [Gateway.CancelAtDashboard]. Time: authorizations and intents lapse by
// [GatewayConfig].Now.
//
// # Keys
//
// A request with an idempotency key is executed once, and its answer is kept for GatewayConfig.KeyTTL: a success, a decline, a
// refusal and a 500 alike. The same request is then answered from memory, and another one with the same key is refused. After
// that the key is forgotten and the request would be executed again, as it would anywhere. What a key has done stays known all
// the same, so that Status can say of any key whether it was executed.
//
// # Faults
//
// [Gateway.FailNext] plans what goes wrong with the next calls, GatewayConfig.Fault decides for each:
//
//	gw.FailNext(sandboxprovider.MethodCapture, sandboxprovider.Fault{Kind: sandboxprovider.FaultAnswerLost})
//
// # Proof
//
// [Gateway.Intents] are the books and [Gateway.Requests] is the log. [Gateway.Authorizations] counts how often a session was
// charged. Every Snapshot carries a secret in Private, [Intent].Secret in the books: a test can look for it wherever it must not be.
package sandboxprovider
