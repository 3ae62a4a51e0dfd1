package providertest

import (
	"fmt"

	"github.com/seed40c892db/payment"
)

// implemented needs an optional interface.
func implemented[T any](name string) need {
	return func(k *kit) string {
		if has[T](k.p) {
			return ""
		}
		return "not implemented: payment." + name
	}
}

func updater(k *kit) string   { return implemented[payment.Updater]("Updater")(k) }
func canceler(k *kit) string  { return implemented[payment.Canceler]("Canceler")(k) }
func describer(k *kit) string { return implemented[payment.Describer]("Describer")(k) }
func verifier(k *kit) string  { return implemented[payment.WebhookVerifier]("WebhookVerifier")(k) }

// capturer needs a Capturer whose gateway does not capture along with the authorization.
func capturer(k *kit) string {
	if reason := implemented[payment.Capturer]("Capturer")(k); reason != "" {
		return reason
	}
	s := k.authorized()
	if got, _ := sums(s.last); got.Captured.IsPositive() {
		return "the gateway captures along with the authorization: nothing is left for Capturer"
	}
	return ""
}

// refunder needs a Refunder, and captured money.
func refunder(k *kit) string {
	if reason := implemented[payment.Refunder]("Refunder")(k); reason != "" {
		return reason
	}
	if has[payment.Capturer](k.p) {
		return ""
	}
	if got, _ := sums(k.authorized().last); !got.Captured.IsPositive() {
		return "no money to refund: there is no Capturer, and the authorization captures nothing"
	}
	return ""
}

// declared needs a field of ProviderInfo to be set.
func declared(field string, set func(i payment.ProviderInfo) bool) need {
	return func(k *kit) string {
		if set(k.info) {
			return ""
		}
		return "not declared: payment.ProviderInfo." + field
	}
}

func multiCapture(k *kit) string {
	return declared("MultiCapture", func(i payment.ProviderInfo) bool { return i.MultiCapture })(k)
}

func singleCapture(k *kit) string {
	if k.info.MultiCapture {
		return "MultiCapture is declared"
	}
	return ""
}

func partialRefund(k *kit) string {
	return declared("PartialRefund", func(i payment.ProviderInfo) bool { return i.PartialRefund })(k)
}

func onlyWholeRefund(k *kit) string {
	if k.info.PartialRefund {
		return "PartialRefund is declared"
	}
	return ""
}

func statusByKey(k *kit) string {
	return declared("StatusByKey", func(i payment.ProviderInfo) bool { return i.StatusByKey })(k)
}

func pure(k *kit) string {
	return declared("Pure", func(i payment.ProviderInfo) bool { return i.Pure })(k)
}

func impure(k *kit) string {
	if k.info.Pure {
		return "the provider is pure: it knows nothing of other requests"
	}
	return ""
}

func repeats(k *kit) string {
	if k.repeatable() {
		return ""
	}
	return "not declared: payment.ProviderInfo.KeyTTL, so no call is ever repeated"
}

func asks(k *kit) string {
	if k.askable() {
		return ""
	}
	return "Status answers ErrUnsupported: the gateway cannot be asked"
}

// hook needs something that the gateway does on demand.
func hook(name string, there func(c Config) bool) need {
	return func(k *kit) string {
		if there(k.c) {
			return ""
		}
		return fmt.Sprintf("Config.%s is not given", name)
	}
}

func declines(k *kit) string {
	return hook("Decline", func(c Config) bool { return c.Decline != nil })(k)
}

func challenges(k *kit) string {
	return hook("Challenge", func(c Config) bool { return c.Challenge != nil })(k)
}

func browser(k *kit) string {
	return hook("ConfirmInBrowser", func(c Config) bool { return c.ConfirmInBrowser != nil })(k)
}

func unreachable(k *kit) string {
	return hook("Unreachable", func(c Config) bool { return c.Unreachable != nil })(k)
}

func loses(k *kit) string {
	return hook("LoseAnswer", func(c Config) bool { return c.LoseAnswer != nil })(k)
}

func stalls(k *kit) string {
	return hook("Stall", func(c Config) bool { return c.Stall != nil })(k)
}
