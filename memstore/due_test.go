package memstore

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

func TestClaimAgreesWithSortedSlice(t *testing.T) {
	s, c := opened(t, 1)
	random := rand.New(rand.NewPCG(1, 1))
	model := map[string]payment.Due{}
	for range 3_000 {
		due := payment.Due{Kind: payment.DueSession, CollectionID: c.CollectionID, ID: fmt.Sprint("payses_", random.IntN(200)),
			At: noon.Add(time.Duration(random.IntN(50)) * time.Second)}
		switch random.IntN(5) {
		case 0: // remove
			due.At = time.Time{}
			delete(model, due.ID)
			commitDue(t, s, c, due)
		case 1: // claim some
			now, until := noon.Add(time.Duration(random.IntN(50))*time.Second), noon.Add(time.Duration(random.IntN(100))*time.Second)
			limit := random.IntN(5)
			var want []payment.Due
			for _, d := range model {
				if !d.At.After(now) {
					want = append(want, d)
				}
			}
			slices.SortFunc(want, func(a, b payment.Due) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
			want = want[:min(limit, len(want))]
			for i := range want {
				want[i].At = until
				model[want[i].ID] = want[i]
			}
			got, err := s.Claim(t.Context(), payment.DueSession, now, until, limit)
			require.NoError(t, err)
			require.Equal(t, want, append(want[:0:0], got...))
		case 2: // finish one
			d, there := model[due.ID]
			if !there {
				require.ErrorIs(t, s.Done(t.Context(), due, noon), payment.ErrConflict)
				continue
			}
			stale := d
			stale.At = stale.At.Add(time.Microsecond)
			require.ErrorIs(t, s.Done(t.Context(), stale, noon), payment.ErrConflict)
			d.Tries++
			require.NoError(t, s.Done(t.Context(), d, due.At))
			d.At = due.At
			model[d.ID] = d
		default:
			model[due.ID] = due
			commitDue(t, s, c, due)
		}
	}
	q := s.due[payment.DueSession]
	require.Len(t, q.byID, len(model))
	for i, of := range q.heap {
		require.Equal(t, i, of.row.place)
		require.Equal(t, of.at, of.row.At.UnixMicro())
		require.Equal(t, model[of.row.ID], of.row.Due)
	}
}

func commitDue(t *testing.T, s *Store, c *payment.Changes, due payment.Due) {
	t.Helper()
	c.Due = []payment.Due{due}
	require.NoError(t, s.Commit(t.Context(), c))
	c.Version++
}

func TestClaimTakesNothingTwice(t *testing.T) {
	s, c := opened(t, 1)
	commitDue(t, s, c, payment.Due{Kind: payment.DueSession, CollectionID: c.CollectionID, ID: "payses_1", At: noon, Dead: []int64{1}})
	got, err := s.Claim(t.Context(), payment.DueSession, noon, noon.Add(-time.Hour+1), 10)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, noon.Add(-time.Hour), got[0].At, "cut to microseconds, as it is stored")
	got[0].Dead[0] = 7
	require.Equal(t, []int64{1}, s.due[payment.DueSession].find("payses_1").Dead, "copied out")
	require.NoError(t, s.Done(t.Context(), got[0], time.Time{}))
	require.Empty(t, s.due[payment.DueSession].byID)
	got, err = s.Claim(t.Context(), payment.DueOperation, noon, noon, 10)
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestPutDeliveryFreesAnEventIDThatItNoLongerHas(t *testing.T) {
	s := New()
	put := func(deliveryID, eventID string, version int64) error {
		return s.PutDelivery(t.Context(), &payment.Delivery{ID: deliveryID, Version: version, ProviderID: "stripe", EventID: eventID,
			State: payment.DeliveryParked, ReceivedAt: noon, DueAt: noon})
	}
	require.NoError(t, put("whd_1", "a", 0))
	require.ErrorIs(t, put("whd_2", "a", 0), payment.ErrDuplicate)
	require.ErrorIs(t, put("whd_1", "a", 0), payment.ErrConflict, "its own event is no duplicate")
	require.NoError(t, put("whd_1", "b", 1))
	require.NoError(t, put("whd_2", "a", 0))
	require.NoError(t, put("whd_2", "", 1))
	require.NoError(t, put("whd_3", "", 0))
	require.Len(t, s.messages, 1)
	require.Len(t, s.due[payment.DueDelivery].byID, 3)
	require.ErrorIs(t, s.PutDelivery(t.Context(), nil), payment.ErrInvalid)
	require.ErrorIs(t, s.PutDelivery(t.Context(), &payment.Delivery{ID: "whd_4", Body: payment.NewPrivate(map[string]any{"f": func() {}})}),
		payment.ErrInvalid)
	require.Len(t, s.deliveries, 3)
}

func TestPutSettingsRefusesNil(t *testing.T) {
	s := New()
	require.ErrorIs(t, s.PutSettings(t.Context(), nil), payment.ErrInvalid)
	require.ErrorIs(t, s.PutSettings(t.Context(), &payment.Settings{RefundReasons: []*payment.RefundReason{nil}}), payment.ErrInvalid)
}
