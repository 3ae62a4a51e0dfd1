package storetest

import "github.com/seed40c892db/payment"

func settingsCases() []testCase {
	const (
		replaces = "PutSettings replaces the settings if their stored Version is s.Version; they are stored with Version+1."
		conflict = "The error is ErrConflict when it has moved."
	)
	return []testCase{
		{"Settings/before the first", "its Version is 0 before the first PutSettings. No error for an absent row.", settingsAbsent},
		{"PutSettings/versions", replaces, settingsVersions},
		{"PutSettings/replaces all", replaces, settingsReplaced},
		{"PutSettings/version has moved", conflict, settingsConflict},
		{"PutSettings/every field", comeBackEqual, settingsFull},
		{"PutSettings/argument unchanged", "s is not changed.", settingsUnchanged},
		{"PutSettings/copied", copied, settingsCopied},
	}
}

func settingsAbsent(k *kit) {
	k.stored() // rows of other kinds make no settings
	for range 2 {
		s := k.settings()
		if s.Version != 0 || len(s.DisabledProviders) > 0 || len(s.RefundReasons) > 0 {
			k.fail("the settings of a new store are %+v", s)
		}
	}
}

// putSettings puts settings that must be accepted, and moves the caller's version on.
func (k *kit) putSettings(s *payment.Settings) {
	k.t.Helper()
	version := s.Version
	k.need(k.s.PutSettings(k.ctx(), s), "PutSettings of version %d", version)
	s.Version = version + 1
}

func settingsVersions(k *kit) {
	s := &payment.Settings{DisabledProviders: []string{"alpha"}}
	for want := int64(1); want < 4; want++ {
		s.DisabledProviders = append(s.DisabledProviders, "beta")
		k.putSettings(s)
		got := k.settings()
		if got.Version != want {
			k.fail("after %d PutSettings the version is %d", want, got.Version)
		}
		k.same("the settings", got, s)
	}
}

func settingsUnchanged(k *kit) {
	s := k.fullSettings(0)
	before := k.twin(s)
	k.need(k.s.PutSettings(k.ctx(), s), "PutSettings")
	k.same("the caller's settings", s, before)
}

// fullSettings makes settings with every field filled.
func (k *kit) fullSettings(version int64) *payment.Settings {
	k.t.Helper()
	s := new(payment.Settings)
	k.fill(s)
	s.Version = version
	return s
}

func settingsReplaced(k *kit) {
	s := k.fullSettings(0)
	k.putSettings(s)
	s.RefundReasons, s.DisabledProviders = s.RefundReasons[1:], s.DisabledProviders[:1]
	k.putSettings(s)
	k.same("the settings", k.settings(), s)
	s.RefundReasons, s.DisabledProviders = nil, nil
	k.putSettings(s)
	if got := k.settings(); len(got.RefundReasons)+len(got.DisabledProviders) > 0 {
		k.fail("settings that were replaced by empty ones still hold %+v", got)
	}
}

func settingsConflict(k *kit) {
	stale := k.fullSettings(1)
	k.want(k.s.PutSettings(k.ctx(), stale), payment.ErrConflict, "PutSettings on version 1 before there is one")
	s := k.fullSettings(0)
	k.putSettings(s)
	k.putSettings(s)
	for _, version := range []int64{0, 1, 3} {
		stale.Version = version
		k.want(k.s.PutSettings(k.ctx(), stale), payment.ErrConflict, "PutSettings on version %d of settings with version 2", version)
	}
	k.same("the settings", k.settings(), s)
}

func settingsFull(k *kit) {
	for version := range int64(3) {
		s := k.fullSettings(version)
		k.putSettings(s)
		k.same("the settings", k.settings(), s)
	}
}

func settingsCopied(k *kit) {
	s := k.fullSettings(0)
	want := k.twin(s).(*payment.Settings)
	k.need(k.s.PutSettings(k.ctx(), s), "PutSettings")
	k.same("the caller's settings", s, want)
	want.Version = 1
	scramble(s)
	clear(s.RefundReasons)
	for range 2 {
		got := k.settings()
		k.same("the settings", got, want)
		scramble(got)
		clear(got.RefundReasons)
	}
}
