package payment_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// What is missing is refused by the name of what the caller left out, never by a panic or as something that was looked for.
func TestWhatIsMissingIsNamed(t *testing.T) {
	s := newShop(t, options{})
	c := s.collection("100", "USD")
	nowhere := s.WithStore(nil)
	reason := payment.RefundReasonParams{Code: "damaged", Label: "Damaged"}
	for name, x := range map[string]struct {
		call func(context.Context) error
		want string
	}{
		"no store: a read": {func(ctx context.Context) error { _, err := nowhere.GetCollection(ctx, c.ID); return err }, "payment: Store: must not be nil"},
		"no store: a write": {func(ctx context.Context) error {
			_, err := nowhere.CreateCollection(ctx, payment.CreateCollectionParams{CurrencyCode: "USD", Amount: dec("1")})
			return err
		}, "payment: Store: must not be nil"},
		"no store: a list": {func(ctx context.Context) error {
			_, err := nowhere.ListEvents(ctx, payment.ListParams{})
			return err
		}, "payment: Store: must not be nil"},
		"no store: settings":        {func(ctx context.Context) error { _, err := nowhere.CreateRefundReason(ctx, reason); return err }, "payment: Store: must not be nil"},
		"no name of what is parsed": {func(context.Context) error { _, err := payment.ParseAmount("", "1e3"); return err }, `payment: "1e3" is not a decimal number`},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.untouched(t, func() error { return x.call(t.Context()) })
			require.ErrorIs(t, err, payment.ErrInvalid)
			require.EqualError(t, err, x.want)
		})
	}
	require.Empty(t, s.CollectionID("")) // no key, no collection that could be found by it
	_, err := s.GetCollection(t.Context(), s.CollectionID(""))
	require.ErrorIs(t, err, payment.ErrInvalid)
}

// A provider may know no more than that it was refused: the error ends where it has nothing to say.
func TestDeclinedWithoutWords(t *testing.T) {
	require.EqualError(t, payment.Declined("", ""), "payment: declined")
	require.EqualError(t, payment.Declined("do_not_honor", ""), "payment: declined (do_not_honor)")
	require.EqualError(t, payment.Declined("do_not_honor", "call the bank"), "payment: declined (do_not_honor): call the bank")
	require.ErrorIs(t, payment.Declined("", ""), payment.ErrDeclined)
}

// The page of a Timeline that nothing was put into can be printed, like its JSON.
func TestZeroTimelineIsPrinted(t *testing.T) {
	require.NotPanics(t, func() { _ = (&payment.Timeline{Sessions: []payment.TimelineSession{{}}}).String() })
}
