package providertest

import (
	"strings"
	"testing"
)

// TestWhatProvesNothingIsNotRun runs cases that pass because there is nothing to look at. A fault that they would have to find
// shows that they prove nothing, so that they must count as not run.
func TestWhatProvesNothingIsNotRun(t *testing.T) {
	silent := func(g *reference) { g.silent = true }
	for _, tc := range []struct {
		name, fault string
		set         func(g *reference)
		cases       []string
		reason      string // part of it
	}{
		{"server errors that were retried below", "a server error is a decline", func(g *reference) { g.resends = true },
			[]string{"server_error/initialize", "server_error/authorize", "server_error/capture", "server_error/refund", "server_error/cancel", "server_error/update",
				"server_error/status"}, "Config.ServerError"},
		{"answers that were never lost", "a lost answer is NotSent", func(g *reference) { g.resends = true },
			[]string{"lost/initialize", "lost/authorize", "lost/capture", "lost/refund", "lost/cancel", "lost/update"}, "Config.LoseAnswer"},
		{"captures that nobody tells of", "captures move nothing", silent, []string{"capture/whole", "capture/part", "capture/own_movement",
			"capture/repeated_key", "capture/equal_amounts", "capture/many", "concurrent/capture_key", "snapshot/sums"}, "neither Movements nor Totals"},
		{"refunds that nobody tells of", "refunds move nothing", silent, []string{"refund/whole", "refund/own_movement", "refund/repeated_key",
			"refund/parts", "refund/equal_amounts"}, "neither Movements nor Totals"},
		{"movements that nobody lists", "captures move nothing", silent,
			[]string{"snapshot/movements", "snapshot/movements_stay"}, "lists a movement"},
		{"money that nobody says was captured", "captures move nothing", silent,
			[]string{"snapshot/movements_empty"}, "was captured"},
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
