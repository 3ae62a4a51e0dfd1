package payment

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// A session keeps the newest of what was accepted: what falls out raises an alarm again, and is not lost.
func TestAcceptedDifferencesAreBounded(t *testing.T) {
	b := outlookBook()
	for i := range maxAccepted + 1 {
		b.acceptDifference("reference", &news{Snapshot: Snapshot{Reference: fmt.Sprint("ref-", i)}})
	}
	require.Len(t, b.session.Accepted, maxAccepted)
	require.False(t, b.accepted("reference", &news{Snapshot: Snapshot{Reference: "ref-0"}}))
	require.True(t, b.accepted("reference", &news{Snapshot: Snapshot{Reference: "ref-1"}}))
	require.False(t, b.accepted("account", &news{Snapshot: Snapshot{Account: "ref-1"}}), "what was accepted is that difference, not another")
}

// Accepting changes a copy: rows that others hold stay as they are.
func TestAcceptedDifferencesAreCopied(t *testing.T) {
	b := outlookBook()
	b.session.Accepted = make([]string, 1, 8)
	before := b.session.Accepted
	b.acceptDifference("unasked", nil)
	require.Empty(t, before[:2][1])
}
