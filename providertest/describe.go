package providertest

import (
	"reflect"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

func checkIDForm(k *kit) {
	id := k.p.ID()
	if len(id) < 1 || len(id) > 64 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		k.Errorf("ID returned %q", id)
	}
}

func checkIDStable(k *kit) {
	id := k.p.ID()
	k.authorized()
	if again := k.p.ID(); again != id {
		k.Errorf("ID returned %q, and %q after a session was authorized", id, again)
	}
	if other := k.c.New(k.TB).ID(); other != id {
		k.Errorf("ID returned %q, and another provider from Config.New returned %q", id, other)
	}
}

// describe returns what the case's own provider declares.
func (k *kit) describe() payment.ProviderInfo {
	k.Helper()
	d, ok := payment.ProviderAs[payment.Describer](k.p)
	if !ok {
		return payment.ProviderInfo{}
	}
	info, broken := watch(k.grace(), "Describe", d.Describe)
	if broken != "" {
		k.Fatal(broken)
	}
	return info
}

func checkDescribeStable(k *kit) {
	before := k.describe()
	k.authorized()
	if after := k.describe(); !reflect.DeepEqual(before, after) {
		k.Errorf("Describe returned %+v, and %+v after a session was authorized", before, after)
	}
}

func checkDescribeNoIO(k *kit) {
	before := k.describe()
	restore := k.c.Unreachable(k.TB, k.p)
	defer restore()
	if after := k.describe(); !reflect.DeepEqual(before, after) {
		k.Errorf("Describe returned %+v, and %+v while the gateway could not be reached", before, after)
	}
}

func checkDescribeDurations(k *kit) {
	info := k.describe()
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"KeyTTL", info.KeyTTL}, {"MaxRequestLife", info.MaxRequestLife}, {"SessionLifetime", info.SessionLifetime}} {
		if d.value < 0 {
			k.Errorf("%s is negative: %v", d.field, d.value)
		}
	}
}

func checkDescribeInterfaces(k *kit) {
	info := k.describe()
	if info.MultiCapture && !has[payment.Capturer](k.p) {
		k.Errorf("MultiCapture is declared by a provider that is no Capturer")
	}
	if info.PartialRefund && !has[payment.Refunder](k.p) {
		k.Errorf("PartialRefund is declared by a provider that is no Refunder")
	}
}

func checkClientConfirms(k *kit) {
	if k.describe().ClientConfirms && !has[payment.Canceler](k.p) {
		k.Errorf("ClientConfirms is declared by a provider that is no Canceler: nothing could end what it holds")
	}
}

func checkCurrencies(k *kit) {
	for code, rule := range k.describe().Currencies {
		if len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			k.Errorf("Currencies has the code %q, which is not three letters in upper case", code)
		}
		if rule.Digits < 0 || rule.Digits > 4 {
			k.Errorf("Currencies gives %s %d digits; there are 0 to 4", code, rule.Digits)
		}
		if rule.Step < 0 {
			k.Errorf("Currencies gives %s steps of %d minor units", code, rule.Step)
		}
	}
}

// checkPure refuses what a gateway alone can have: over one that honors keys, a repeated call looks pure.
func checkPure(k *kit) {
	for field, given := range map[string]bool{
		"ProviderInfo.KeyTTL": k.info.KeyTTL > 0, "Config.Unreachable": k.c.Unreachable != nil, "Config.LoseAnswer": k.c.LoseAnswer != nil,
		"Config.ServerError": k.c.ServerError != nil, "Config.KeyInUse": k.c.KeyInUse != nil, "Config.Stall": k.c.Stall != nil,
	} {
		if given {
			k.Errorf("%s is given, so that there is a gateway, and a provider over a gateway is not pure", field)
		}
	}
	other := k.c.New(k.TB)
	s := k.session()
	for _, m := range []method{initialize, authorize, capture, refund, cancel} {
		key := newKey()
		first := s.send(m, key, input(k.c.Approve))
		again := s.send(m, key, input(k.c.Approve))
		elsewhere := k.with(other).twin(s).send(m, key, input(k.c.Approve))
		for _, a := range []answer{again, elsewhere} {
			if snapshotText(a.Snapshot) != snapshotText(first.Snapshot) || errorText(a.err) != errorText(first.err) || a.broken != "" {
				k.Errorf("the same request was answered differently: %s; then %s", first, a)
			}
		}
	}
}

// with returns the kit with another provider.
func (k *kit) with(p payment.Provider) *kit {
	other := *k
	other.p = p
	return &other
}

// twin returns a copy of a session, worked on through this kit's provider.
func (k *kit) twin(s *session) *session { return &session{k: k, r: s.r, last: s.last} }

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// snapshotText writes out a snapshot, what is Private included, so that two can be compared.
func snapshotText(s payment.Snapshot) string {
	var private payment.Data
	if s.Private != nil {
		private = s.Private.Reveal()
	}
	return jsonText(s) + jsonText(private)
}
