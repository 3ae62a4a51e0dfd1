package providertest

import (
	"strings"
	"testing"
)

// TestWhatProvesNothingIsNotRun runs cases that pass because there is nothing to look at. A fault that they would have to find
// shows that they prove nothing, so that they must count as not run.
func TestWhatProvesNothingIsNotRun(t *testing.T) {
	for _, tc := range []struct {
		name, fault string
		set         func(g *reference)
		cases       []string
		reason      string // part of it
	}{
		{"server errors that were retried below", "a server error is a decline", func(g *reference) { g.resends = true },
			[]string{"server_error/initialize", "server_error/authorize", "server_error/capture", "server_error/refund", "server_error/status"}, "Config.ServerError"},
		{"answers that were never lost", "a lost answer is NotSent", func(g *reference) { g.resends = true },
			[]string{"lost/initialize", "lost/authorize", "lost/capture", "lost/refund"}, "Config.LoseAnswer"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			failed, missing := observe(t, config(tc.fault, tc.set), tc.cases)
			for _, name := range tc.cases {
				if text, ok := failed[name]; ok || !strings.Contains(missing[name], tc.reason) {
					t.Errorf("case %s must not run, because of %s; its reason is %q:\n%s", name, tc.reason, missing[name], text)
				}
			}
		})
	}
}
