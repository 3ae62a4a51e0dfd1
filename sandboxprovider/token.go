package sandboxprovider

// The tokens that stand for what a shopper pays with, sent as Input["token"]. The package comment has them as a table.
const (
	TokenVisa              = "tok_visa"               // authorized
	Token3DS               = "tok_3ds"                // needs a challenge; authorized once it is passed
	Token3DSDeclined       = "tok_3ds_declined"       // needs a challenge; declined though it is passed
	TokenDeclined          = "tok_declined"           // declined with card_declined
	TokenInsufficientFunds = "tok_insufficient_funds" // declined with insufficient_funds
	TokenDelayed           = "tok_delayed"            // processing, until Gateway.ResolveDelayed
	TokenAuto              = "tok_auto"               // authorized and captured at once
	Token500               = "tok_500"                // authorized, but the answer is a 500, stored under the key
)

func knownToken(token string) bool {
	switch token {
	case TokenVisa, Token3DS, Token3DSDeclined, TokenDeclined, TokenInsufficientFunds, TokenDelayed, TokenAuto, Token500:
		return true
	}
	return false
}
