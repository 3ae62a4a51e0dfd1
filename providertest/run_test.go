package providertest

import (
	"strings"
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

func TestConfigIsChecked(t *testing.T) {
	fresh := config("", nil).New
	for _, c := range []struct {
		name   string
		config Config
		field  string // what the error must name
	}{
		{"no New", Config{}, "Config.New"},
		{"New returns nil", Config{New: func(testing.TB) payment.Provider { return nil }}, "Config.New"},
		{"no Approve", Config{New: func(t testing.TB) payment.Provider { return newReference(t, "needs a token") }}, "Config.Approve"},
		{"Challenge alone", Config{New: fresh, Challenge: payment.Data{}}, "CompleteChallenge"},
		{"unknown currency", Config{New: fresh, CurrencyCode: "EURO"}, "Config.CurrencyCode"},
		{"too many decimals", Config{New: fresh, Amount: decimal.RequireFromString("10.999")}, "Config.Amount"},
		{"negative amount", Config{New: fresh, Amount: decimal.NewFromInt(-1)}, "Config.Amount"},
		{"amount without parts", Config{New: fresh, Amount: decimal.RequireFromString("0.05")}, "Config.Amount"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := newRun(t, c.config); err == nil || !strings.Contains(err.Error(), c.field) {
				t.Errorf("the error is %v; it must name %s", err, c.field)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	r, err := newRun(t, Config{New: config("", nil).New, CurrencyCode: "JPY"})
	if err != nil {
		t.Fatal(err)
	}
	if !r.c.Amount.Equal(decimal.NewFromInt(1053)) || !r.part().Equal(decimal.NewFromInt(351)) || r.c.Concurrency != 32 {
		t.Errorf("Amount is %s, a part %s, Concurrency %d", r.c.Amount, r.part(), r.c.Concurrency)
	}
}

// TestPartIsWholeSteps holds the amounts to what a gateway with large steps takes.
func TestPartIsWholeSteps(t *testing.T) {
	rule := payment.CurrencyRule{Digits: 3, Step: 10}
	r := &run{rule: rule}
	for _, n := range []int64{6, 7, 8, 1053} {
		r.c.Amount = r.steps(n)
		if units, err := rule.MinorUnits(r.part()); err != nil || units != n/3*10 {
			t.Errorf("a part of %s is %s (%v)", r.c.Amount, r.part(), err)
		}
	}
}

// TestNothingIsSkippedInSilence runs the kit against a provider with no optional interface: each case that cannot run gives a
// reason, and the reasons are in the sum.
func TestNothingIsSkippedInSilence(t *testing.T) {
	inner := config("", nil).New
	_, missing := observe(t, Config{New: func(t testing.TB) payment.Provider { return bare{inner(t)} }}, nil)
	reasons := map[string]int{}
	for _, reason := range missing {
		reasons[reason]++
	}
	rec := &recorder{TB: t}
	report(rec, len(cases()), reasons)
	for _, name := range []string{"Updater", "Canceler", "Capturer", "Refunder", "WebhookVerifier", "Describer"} {
		reason := "not implemented: payment." + name
		if reasons[reason] == 0 || !strings.Contains(rec.text.String(), reason) {
			t.Errorf("the sum must say %q:\n%s", reason, rec.text.String())
		}
	}
}

func TestAllowedURL(t *testing.T) {
	for url, want := range map[string]bool{
		"https://bank.example/3ds?x=1":      true,
		"http://localhost:8080/3ds":         true,
		"http://127.0.0.1/3ds":              true,
		"http://[::1]/3ds":                  true,
		"http://bank.example/3ds":           false,
		"https://user@bank.example/":        false,
		"javascript:alert(1)":               false,
		"//bank.example/":                   false,
		"":                                  false,
		"http://localhost.bank.example/3ds": false,
	} {
		if got := allowedURL(url); got != want {
			t.Errorf("allowedURL(%q) is %t", url, got)
		}
	}
}

// TestFalseStatusByKeyIsNamed holds the cases that ask with the key of a call that was not sent to saying what is wrong: not the call.
func TestFalseStatusByKeyIsNamed(t *testing.T) {
	names := []string{"context/ended", "unreachable/calls"}
	failed, _ := observe(t, config("every key was executed", nil), names)
	for _, name := range names {
		if !strings.Contains(failed[name], "StatusByKey is declared, so that Status with its key must answer not_found") {
			t.Errorf("case %s must name StatusByKey:\n%s", name, failed[name])
		}
	}
}
