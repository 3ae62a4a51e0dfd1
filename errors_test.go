package payment

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// sentinels are the errors that errors.go declares, by name.
var sentinels = map[string]error{
	"ErrInvalid": ErrInvalid, "ErrNotFound": ErrNotFound, "ErrNotAllowed": ErrNotAllowed, "ErrAmountExceeded": ErrAmountExceeded,
	"ErrUnsupported": ErrUnsupported, "ErrIdempotencyMismatch": ErrIdempotencyMismatch, "ErrTooManyDeclines": ErrTooManyDeclines,
	"ErrInTransaction": ErrInTransaction,
	"ErrRequiresMore":  ErrRequiresMore, "ErrPending": ErrPending, "ErrDeclined": ErrDeclined, "ErrCanceled": ErrCanceled,
	"ErrNotSent": ErrNotSent, "ErrOutcomeUnknown": ErrOutcomeUnknown, "ErrInProgress": ErrInProgress,
	"ErrNeedsAttention": ErrNeedsAttention, "ErrWebhookRefused": ErrWebhookRefused,
	"ErrConflict": ErrConflict, "ErrDuplicate": ErrDuplicate, "ErrCommitUnknown": ErrCommitUnknown,
}

// outcomes are those that a SessionError may match.
var outcomes = []error{
	ErrRequiresMore, ErrPending, ErrDeclined, ErrCanceled, ErrNotSent, ErrOutcomeUnknown, ErrInProgress, ErrNeedsAttention,
}

func TestEverySentinelIsDocumentedAndDistinct(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, parser.ParseComments)
	require.NoError(t, err)
	var declared []string
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			spec := s.(*ast.ValueSpec)
			for _, name := range spec.Names {
				if !name.IsExported() {
					continue
				}
				declared = append(declared, name.Name)
				require.True(t, strings.HasPrefix(spec.Doc.Text(), name.Name+" "), "%s has no comment that begins with its name", name)
				require.Error(t, sentinels[name.Name], "%s is missing in this test", name)
			}
		}
	}
	require.Len(t, sentinels, len(declared))

	texts := map[string]string{}
	for name, err := range sentinels {
		require.Regexp(t, `^payment: [a-z][a-z ]+[a-z]$`, err.Error(), name)
		require.Empty(t, texts[err.Error()], "%s has the text of another", name)
		texts[err.Error()] = name
		for other, target := range sentinels {
			require.Equal(t, name == other, errors.Is(err, target), "%s is %s", name, other)
		}
	}
}

// requireMatches requires that err, also when it is wrapped, matches exactly the targets.
func requireMatches(t *testing.T, err error, targets ...error) {
	t.Helper()
	for _, e := range []error{err, fmt.Errorf("host: %w", err)} {
		for name, s := range sentinels {
			want := false
			for _, target := range targets {
				want = want || errors.Is(target, s)
			}
			require.Equal(t, want, errors.Is(e, s), "%v is %s", e, name)
		}
	}
}

func TestErrorsReadWellAndMatch(t *testing.T) {
	d := decimal.RequireFromString
	for _, tt := range []struct {
		err     error
		text    string
		matches []error
	}{
		{&InvalidError{Field: "Amount", Rule: "must be more than zero"}, "payment: Amount: must be more than zero", []error{ErrInvalid}},
		{&NotFoundError{Kind: RowSessions, ID: "payses_1"}, `payment: no session "payses_1" was found`, []error{ErrNotFound}},
		{&NotFoundError{Kind: RowDeliveries, ID: strings.Repeat("x", 1000)}, "", []error{ErrNotFound}},
		{
			&StateError{ID: "pay_1", Status: "captured", Action: "cancel", Why: "refund it instead"},
			"payment: cannot cancel pay_1, which is captured: refund it instead", []error{ErrNotAllowed},
		},
		{
			&StateError{ID: "pay_1", Status: "canceled", Action: "capture", Why: "nothing is held"},
			"payment: cannot capture pay_1, which is canceled: nothing is held", []error{ErrNotAllowed, ErrCanceled},
		},
		{
			&AmountExceededError{Field: "Amount", Asked: d("60.01"), Left: d("60.00"), CurrencyCode: "USD"},
			"payment: Amount: 60.01 USD is more than the 60.00 USD that is left", []error{ErrAmountExceeded},
		},
		{
			&AmountExceededError{Field: "Amount", Asked: d("60"), Left: d("0"), CurrencyCode: "JPY", Holders: []string{"payses_1", "payses_2"}},
			"payment: Amount: 60 JPY is more than the 0 JPY that is left beside payses_1, payses_2", []error{ErrAmountExceeded},
		},
		{&UnsupportedError{ProviderID: "cod", Capability: "Refunder"}, "payment: provider cod does not support Refunder", []error{ErrUnsupported}},
		{
			&SessionError{Outcome: ErrDeclined, Session: &PaymentSession{ID: "payses_1"}, Reason: "insufficient_funds"},
			"payment: declined: session payses_1 (insufficient_funds)", []error{ErrDeclined},
		},
		{&SessionError{Outcome: ErrPending}, "payment: the gateway has not decided yet", []error{ErrPending}},
		{
			&SessionError{Outcome: ErrNeedsAttention, Session: &PaymentSession{ID: "payses_1", OperationID: "op_1"}},
			"payment: a person must decide: session payses_1, operation op_1", []error{ErrNeedsAttention},
		},
		{
			&SessionError{Outcome: ErrInProgress, Session: &PaymentSession{ID: "payses_1", OperationID: "op_1"}},
			"payment: another operation is in progress: session payses_1", []error{ErrInProgress},
		},
		{Declined("stolen", "card of J. Doe"), "payment: declined (stolen): card of J. Doe", []error{ErrDeclined}},
		{NotSent(errors.New("connection refused")), "payment: the gateway did nothing: connection refused", []error{ErrNotSent}},
		{NotSent(nil), "payment: the gateway did nothing: no reason given", []error{ErrNotSent}},
		{AlreadyDone(Snapshot{State: SnapshotCanceled}), "payment: it is so already: the gateway says canceled", nil},
	} {
		if tt.text != "" {
			require.EqualError(t, tt.err, tt.text)
		}
		require.Less(t, len(tt.err.Error()), 300)
		requireMatches(t, tt.err, tt.matches...)
	}
}

func TestNotFoundErrorNamesEveryKindInTheSingular(t *testing.T) {
	want := map[RowKind]string{
		RowCollections: "collection", RowSessions: "session", RowPayments: "payment", RowCaptures: "capture", RowRefunds: "refund",
		RowOperations: "operation", RowEvents: "event", "refund_reasons": "refund reason",
	}
	for kind, name := range want {
		require.EqualError(t, &NotFoundError{Kind: kind, ID: "x"}, fmt.Sprintf("payment: no %s %q was found", name, "x"))
	}
}

func TestASessionErrorMatchesItsOutcomeAlone(t *testing.T) {
	for _, outcome := range outcomes {
		err := error(&SessionError{Outcome: outcome, Session: &PaymentSession{ID: "payses_1", Private: NewPrivate(map[string]any{"k": planted})}})
		requireMatches(t, err, outcome)
		var found *SessionError
		require.ErrorAs(t, fmt.Errorf("host: %w", err), &found)
		require.Equal(t, "payses_1", found.Session.ID)
		requireHidden(t, err.Error(), planted, "text")
	}
}

func TestErrorsAsGivesTheValues(t *testing.T) {
	wrapped := fmt.Errorf("host: %w", invalid("Amount", "must be more than zero"))
	var refused *InvalidError
	require.ErrorAs(t, wrapped, &refused)
	require.Equal(t, InvalidError{Field: "Amount", Rule: "must be more than zero"}, *refused)

	wrapped = fmt.Errorf("gateway: %w", Declined("stolen", "card of J. Doe"))
	var kind *providerError
	require.ErrorAs(t, wrapped, &kind)
	require.Equal(t, "stolen", kind.code)

	cause := errors.New("connection refused")
	require.ErrorIs(t, NotSent(cause), cause, "the cause can be asked for")
}
