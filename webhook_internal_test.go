package payment

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// stored is a message as it is read back from a store, and what is kept of its body.
func stored(t *testing.T, body []byte, m WebhookMessage) (back WebhookMessage, text string) {
	t.Helper()
	d := Delivery{
		ID: "whd_1", EventID: m.EventID, Type: m.Type, SessionID: m.SessionID, IdempotencyKey: m.IdempotencyKey, Reference: m.Reference,
		Body: keepMessage(body, m),
	}
	row, err := EncodeRow(&d)
	require.NoError(t, err)
	require.Less(t, len(row), MaxDataBytes+2000)
	var read Delivery
	require.NoError(t, DecodeRow(row, &read))
	back, err = read.message()
	require.NoError(t, err)
	text, _ = read.Body.Reveal()["body"].(string)
	return back, text
}

// sameSnapshot compares what settling looks at. A Private is a function, and compared by its content.
func sameSnapshot(t *testing.T, want, got *Snapshot) {
	t.Helper()
	if want == nil {
		require.Nil(t, got)
		return
	}
	require.NotNil(t, got)
	plain := func(s *Snapshot) (Snapshot, Data) {
		c := *s
		c.Private = nil
		if s.Private == nil {
			return c, nil
		}
		return c, s.Private.Reveal()
	}
	w, wantPrivate := plain(want)
	g, gotPrivate := plain(got)
	require.Equal(t, wantPrivate, gotPrivate)
	require.Equal(t, want.Private == nil, got.Private == nil)
	a, err := json.Marshal(w)
	require.NoError(t, err)
	b, err := json.Marshal(g)
	require.NoError(t, err)
	require.Equal(t, string(a), string(b)) // amounts by value, written as they are
	require.Equal(t, w.Movements == nil, g.Movements == nil, "no list is not an empty list")
	require.Equal(t, w.Data == nil, g.Data == nil, "no Data is not empty Data")
}

// fullSnapshot has something in every field, and numbers that no float64 holds.
func fullSnapshot() *Snapshot {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	return &Snapshot{
		State: SnapshotAuthorized, Reference: "ref", Account: "acct", CurrencyCode: "EUR",
		Amount: decimal.RequireFromString("90071992547409.93"), Authorized: decimal.RequireFromString("90071992547409.930"),
		Capturable: &decimal.Decimal{},
		Movements: []Movement{
			{Kind: MovementCapture, Reference: "m1", IdempotencyKey: strings.Repeat("a", 32), Amount: decimal.RequireFromString("0.10"), State: MovementSucceeded, At: at},
			{Kind: MovementRefund, Reference: "m2", Amount: decimal.RequireFromString("12345678901234567.89"), State: MovementPending},
		},
		Totals:        &Totals{Captured: decimal.RequireFromString("0.10")},
		CaptureBefore: at, ExpiresAt: at.Add(time.Hour),
		NextAction: &NextAction{Kind: ActionRedirect, URL: "https://bank.example/?a=1&b=<x>", ExpiresAt: at},
		Decline:    &Decline{Code: "card_declined", Message: "do not honor <&> € \"quoted\""},
		Data:       Data{"big": json.Number("12345678901234567890"), "exact": json.Number("0.1000"), "in": map[string]any{"list": []any{json.Number("1"), nil, true}}},
		Private:    new(NewPrivate(map[string]any{"token": planted, "big": json.Number("98765432109876543210")})),
	}
}

func TestParkedMessageSurvivesStoring(t *testing.T) {
	notice := &Notice{Kind: "dispute.created", Reference: "dp_1", Amount: decimal.RequireFromString("90071992547409.93"), CurrencyCode: "EUR", Code: "fraudulent"}
	for name, m := range map[string]WebhookMessage{
		"whole": {
			EventID: "evt_1", Type: "x", SessionID: "payses_1", IdempotencyKey: "k", Reference: "ref", Snapshot: fullSnapshot(), Notice: notice,
		},
		"a snapshot":                {Snapshot: fullSnapshot()},
		"a notice":                  {Notice: notice},
		"neither":                   {EventID: "evt_1"},
		"a snapshot with a state":   {Snapshot: &Snapshot{State: SnapshotDeclined}},
		"a list without movements":  {Snapshot: &Snapshot{State: SnapshotPending, Movements: []Movement{}}},
		"a capturable of something": {Snapshot: &Snapshot{State: SnapshotAuthorized, Capturable: new(decimal.RequireFromString("1.50"))}},
		"totals of nothing":         {Snapshot: &Snapshot{State: SnapshotAuthorized, Totals: &Totals{}}},
		"Data that is emptied":      {Snapshot: &Snapshot{State: SnapshotAuthorized, Data: Data{}}},
		"Private that is emptied":   {Snapshot: &Snapshot{State: SnapshotAuthorized, Private: &Private{}}},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(`{"id":1}`)
			got, text := stored(t, body, m)
			require.Equal(t, string(body), text)
			require.Equal(t, [5]string{m.EventID, m.Type, m.SessionID, m.IdempotencyKey, m.Reference},
				[5]string{got.EventID, got.Type, got.SessionID, got.IdempotencyKey, got.Reference})
			sameSnapshot(t, m.Snapshot, got.Snapshot)
			require.Equal(t, m.Notice == nil, got.Notice == nil)
			if m.Notice != nil {
				require.Equal(t, *m.Notice, *got.Notice)
			}
		})
	}
}

// People see how a message begins; what was read in it is kept whole.
func TestParkedMessageKeepsTheBeginningOfItsBody(t *testing.T) {
	m := WebhookMessage{Snapshot: fullSnapshot()}
	for name, tt := range map[string]struct {
		body []byte
		want string
	}{
		"16 KiB":                        {bytes.Repeat([]byte("x"), 16<<10), strings.Repeat("x", 16<<10)},
		"more than 16 KiB":              {bytes.Repeat([]byte("x"), 100<<10), strings.Repeat("x", 16<<10)},
		"256 KiB":                       {bytes.Repeat([]byte("x"), 256<<10), strings.Repeat("x", 16<<10)},
		"cut in the middle of a letter": {bytes.Repeat([]byte("€"), 100<<10/3), strings.Repeat("€", 16<<10/3)},
		"no text":                       {[]byte("a\xff"), ""},
		"with a NUL":                    {[]byte("a\x00"), ""},
		"empty":                         {nil, ""},
		"what JSON writes longer":       {bytes.Repeat([]byte("\x01"), 20<<10), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, text := stored(t, tt.body, m)
			require.True(t, utf8.ValidString(text))
			require.Len(t, text, len(tt.want))
			require.Equal(t, tt.want, text)
			sameSnapshot(t, m.Snapshot, got.Snapshot)
		})
	}
}

// What decorates a message goes first, then what it says of the session; a notice stays.
func TestParkedMessageThatIsTooLargeIsKeptWithoutItsDecoration(t *testing.T) {
	large := Data{"large": strings.Repeat("x", MaxDataBytes)}
	notice := &Notice{Kind: "dispute.created"}
	for name, tt := range map[string]struct {
		change func(*Snapshot)
		want   func(*Snapshot)
	}{
		"public Data":  {func(s *Snapshot) { s.Data = large }, func(s *Snapshot) { s.Data, s.Private, s.NextAction = nil, nil, nil }},
		"private Data": {func(s *Snapshot) { s.Private = new(NewPrivate(large)) }, func(s *Snapshot) { s.Data, s.Private, s.NextAction = nil, nil, nil }},
		"what JSON cannot hold": {
			func(s *Snapshot) { s.Data = Data{"f": func() {}} }, func(s *Snapshot) { s.Data, s.Private, s.NextAction = nil, nil, nil },
		},
		"movements": {func(s *Snapshot) { s.Movements = make([]Movement, 2000) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := fullSnapshot()
			tt.change(in)
			got, text := stored(t, []byte("body"), WebhookMessage{Snapshot: in, Notice: notice})
			require.Empty(t, text)
			require.Equal(t, notice.Kind, got.Notice.Kind)
			if tt.want == nil {
				require.Nil(t, got.Snapshot)
				return
			}
			tt.want(in)
			sameSnapshot(t, in, got.Snapshot)
		})
	}
}

// What a gateway says in words must not cost what it says in amounts.
func TestParkedMessageKeepsItsAmountsWhateverItsWords(t *testing.T) {
	for name, change := range map[string]func(*Snapshot){
		"a decline with a NUL":        func(s *Snapshot) { s.Decline.Message = "a\x00b" },
		"a decline with bad UTF-8":    func(s *Snapshot) { s.Decline.Message = "a\xffb" },
		"a long decline":              func(s *Snapshot) { s.Decline.Message = strings.Repeat("x", 100<<10) },
		"a code with a NUL":           func(s *Snapshot) { s.Decline.Code = "a\x00b" },
		"a time that JSON cannot say": func(s *Snapshot) { s.ExpiresAt = time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		t.Run(name, func(t *testing.T) {
			in := fullSnapshot()
			change(in)
			got, _ := stored(t, nil, WebhookMessage{Snapshot: in})
			require.NotNil(t, got.Snapshot)
			require.True(t, in.Authorized.Equal(got.Snapshot.Authorized))
			require.Len(t, got.Snapshot.Movements, 2)
		})
	}
}

// Numbers like 1e1000000000 must not be written out: a row would take gigabytes.
func TestParkedMessageDoesNotWriteOutAbsurdAmounts(t *testing.T) {
	absurd := decimal.New(1, 3_000_000)
	for name, m := range map[string]WebhookMessage{
		"a snapshot's amount": {Snapshot: &Snapshot{State: SnapshotAuthorized, Amount: absurd}},
		"a movement's amount": {Snapshot: &Snapshot{State: SnapshotAuthorized, Movements: []Movement{{Amount: absurd}}}},
		"totals":              {Snapshot: &Snapshot{State: SnapshotAuthorized, Totals: &Totals{Refunded: absurd.Neg()}}},
		"a capturable":        {Snapshot: &Snapshot{State: SnapshotAuthorized, Capturable: new(decimal.New(1, -3_000_000))}},
		"a notice":            {Notice: &Notice{Kind: "dispute.created", Amount: absurd}},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, _ := stored(t, nil, m)
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
			require.Equal(t, m.Notice == nil, got.Notice == nil)
		})
	}
}
