package memstore

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// all returns the records of a list by way of ascend, and requires that every other way of reading it agrees.
func all(t *testing.T, l *list[payment.Event]) []*record[payment.Event] {
	t.Helper()
	var up, down []*record[payment.Event]
	l.ascend(position{key: -1 << 62}, func(r *record[payment.Event]) bool { up = append(up, r); return true })
	l.descend(position{key: 1 << 62}, func(r *record[payment.Event]) bool { down = append(down, r); return true })
	slices.Reverse(down)
	require.Equal(t, up, down)
	require.Len(t, up, l.n)
	if l.n > 0 {
		require.Same(t, up[0], l.first())
	} else {
		require.Nil(t, l.first())
	}
	for c := range l.count() {
		require.NotEmpty(t, l.chunk(c))
		require.LessOrEqual(t, len(l.chunk(c)), chunkSize)
	}
	return up
}

func TestListAgreesWithSortedSlice(t *testing.T) {
	for _, bySeq := range []bool{false, true} {
		for _, spread := range []int64{1, 50, 1 << 40} { // few keys, so that IDs decide; and many
			t.Run(fmt.Sprintf("bySeq=%v/spread=%d", bySeq, spread), func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, uint64(spread)))
				l := list[payment.Event]{bySeq: bySeq}
				var model []*record[payment.Event]
				order := func(a, b *record[payment.Event]) int {
					if bySeq {
						return cmp.Compare(a.seq, b.seq)
					}
					return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
				}
				for i := range 5_000 {
					switch n := random.IntN(10); {
					case n < 3 && len(model) > 0: // remove one
						j := random.IntN(len(model))
						l.remove(model[j])
						model = slices.Delete(model, j, j+1)
					case n < 6: // append one
						r := &record[payment.Event]{id: fmt.Sprintf("evt_%08x", 1<<31+i), at: spread, seq: 1<<50 + int64(i)}
						l.insert(r)
						model = append(model, r)
					default: // insert one somewhere
						r := &record[payment.Event]{id: fmt.Sprintf("evt_%08x", random.Uint32()>>1), at: random.Int64N(spread), seq: random.Int64N(1 << 50)}
						l.insert(r)
						model = append(model, r)
					}
					if i%250 == 0 {
						slices.SortFunc(model, order)
						require.Equal(t, model, append([]*record[payment.Event]{}, all(t, &l)...))
					}
				}
				absent := &record[payment.Event]{id: "evt_absent", at: 1, seq: 1}
				l.remove(absent)
				require.Equal(t, len(model), l.n)
				for _, r := range model {
					require.True(t, l.has(l.position(r)))
					l.remove(r)
				}
				require.Empty(t, all(t, &l))
			})
		}
	}
}

func TestListBeginsAfterAPosition(t *testing.T) {
	var l list[payment.Event]
	for i := range 1_000 {
		l.insert(&record[payment.Event]{id: fmt.Sprint(i % 10), at: int64(i / 10)})
	}
	next := func(p position, descending bool) (got string) {
		see := func(r *record[payment.Event]) bool { got = fmt.Sprintf("%d/%s", r.at, r.id); return false }
		if descending {
			l.descend(p, see)
		} else {
			l.ascend(p, see)
		}
		return got
	}
	require.Equal(t, "50/4", next(position{50, "3"}, false))
	require.Equal(t, "50/2", next(position{50, "3"}, true))
	require.Equal(t, "50/0", next(position{50, ""}, false), "an empty ID stands before all")
	require.Equal(t, "49/9", next(position{50, ""}, true))
	require.Equal(t, "51/0", next(position{50, "9"}, false))
	require.Empty(t, next(position{99, "9"}, false))
	require.Empty(t, next(position{0, "0"}, true))
}
