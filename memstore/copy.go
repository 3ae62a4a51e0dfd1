package memstore

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/internal/jsonnumber"
)

// Rows are copied twice: on the way in by a keep function, which also makes them what every store returns, and on the way out by a
// copy function. Decimals, times and Private are immutable and shared.

// rowBytes bounds what a row takes when encoded, beside its maps and texts of any length.
const rowBytes = 4 << 10

// maxMap bounds what the encoding of one Data can take: MaxDataBytes, each written as \u and four digits.
const maxMap = 6 * payment.MaxDataBytes

// keeper makes rows fit to be stored. It remembers what was wrong first, and adds up a bound of what the rows take when encoded.
type keeper struct {
	err  error
	size int
}

func (k *keeper) refuse(field, rule string) {
	if k.err == nil {
		k.err = &payment.InvalidError{Field: field, Rule: rule}
	}
}

// text counts texts of any length.
func (k *keeper) text(texts ...string) {
	for _, s := range texts {
		k.size += 6 * len(s)
	}
}

// row counts what a row takes beside its maps and texts of any length.
func (k *keeper) row() { k.size += rowBytes }

// data returns a normalized copy of d, or was, a map that is stored already, if that is equal.
func (k *keeper) data(field string, d, was payment.Data) payment.Data {
	if len(d) == 0 {
		return nil
	}
	if size, ok := same(map[string]any(d), map[string]any(was)); ok {
		k.size += size
		return was
	}
	if size, ok := normal(map[string]any(d), 0); ok {
		k.size += size
		return cloneData(d)
	}
	n, err := payment.NormalizeData(d)
	if err != nil {
		k.refuse(field, err.Error())
	}
	k.size += maxMap
	return n
}

// private refuses content that cannot be normalized. The rule does not quote it.
func (k *keeper) private(field string, p payment.Private) {
	if p.IsEmpty() {
		return
	}
	d := p.Reveal()
	if size, ok := normal(map[string]any(d), 0); ok {
		k.size += size
		return
	}
	if _, err := payment.NormalizeData(d); err != nil {
		k.refuse(field, "holds a value that JSON cannot hold, or is larger than 64 KiB")
	}
	k.size += maxMap
}

func (k *keeper) action(a *payment.NextAction) *payment.NextAction {
	if a == nil {
		return nil
	}
	kept := *a
	kept.Data = k.data("NextAction.Data", a.Data, nil)
	kept.Fields = nil
	if len(a.Fields) > 0 {
		kept.Fields = maps.Clone(a.Fields)
	}
	cut(&kept.ExpiresAt)
	k.text(a.URL, a.Text)
	for name, value := range a.Fields {
		k.text(name, value)
	}
	return &kept
}

// The functions below return a copy of a row. was is the row as it is stored, nil if it is new: what has not changed is shared with
// it, since neither of them ever changes.

func (k *keeper) collection(in, was *payment.PaymentCollection) *payment.PaymentCollection {
	row := *in
	if was == nil {
		was = &payment.PaymentCollection{}
	}
	row.ProviderIDs = was.ProviderIDs
	if !slices.Equal(in.ProviderIDs, was.ProviderIDs) {
		row.ProviderIDs = cloneList(in.ProviderIDs)
	}
	k.text(in.ProviderIDs...)
	row.Metadata = k.data("PaymentCollection.Metadata", in.Metadata, was.Metadata)
	cut(&row.CompletedAt, &row.CanceledAt, &row.DeletedAt, &row.CreatedAt, &row.UpdatedAt)
	k.row()
	return &row
}

func (k *keeper) session(in, was *payment.PaymentSession) *payment.PaymentSession {
	row := *in
	if was == nil {
		was = &payment.PaymentSession{}
	}
	k.private("PaymentSession.Private", in.Private)
	k.private("PaymentSession.Context", in.Context)
	row.Data = k.data("PaymentSession.Data", in.Data, was.Data)
	row.Metadata = k.data("PaymentSession.Metadata", in.Metadata, was.Metadata)
	row.NextAction = k.action(in.NextAction)
	row.Accepted = was.Accepted
	if !slices.Equal(in.Accepted, was.Accepted) {
		row.Accepted = cloneList(in.Accepted)
	}
	k.text(in.Accepted...)
	k.text(in.Reference, in.Account, in.Reason)
	cut(&row.InitializedAt, &row.ProcessingSince, &row.AskedAt, &row.ResolvedAt, &row.AuthorizedAt, &row.CanceledAt, &row.ExpiresAt,
		&row.DeletedAt, &row.CreatedAt, &row.UpdatedAt)
	k.row()
	return &row
}

func (k *keeper) payment(in, was *payment.Payment) *payment.Payment {
	row := *in
	if was == nil {
		was = &payment.Payment{}
	}
	row.Captures, row.Refunds = nil, nil
	row.Data = k.data("Payment.Data", in.Data, was.Data)
	row.Metadata = k.data("Payment.Metadata", in.Metadata, was.Metadata)
	cut(&row.CaptureBefore, &row.CapturedAt, &row.CanceledAt, &row.CreatedAt, &row.UpdatedAt)
	k.row()
	return &row
}

func (k *keeper) entry(row *payment.Entry, was payment.Data) {
	row.Metadata = k.data("Entry.Metadata", row.Metadata, was)
	k.text(row.Reference, row.Reason, row.CreatedBy)
	cut(&row.CreatedAt, &row.UpdatedAt)
	k.row()
}

func (k *keeper) capture(in, was *payment.Capture) *payment.Capture {
	row := *in
	if was == nil {
		was = &payment.Capture{}
	}
	k.entry(&row.Entry, was.Metadata)
	return &row
}

func (k *keeper) refund(in, was *payment.Refund) *payment.Refund {
	row := *in
	if was == nil {
		was = &payment.Refund{}
	}
	k.entry(&row.Entry, was.Metadata)
	k.text(in.Note)
	cut(&row.ReturnedAt)
	return &row
}

func (k *keeper) operation(in, was *payment.Operation) *payment.Operation {
	row := *in
	if was == nil {
		was = &payment.Operation{}
	}
	k.private("Operation.Private", in.Private)
	k.private("Operation.Context", in.Context)
	k.private("Operation.Input", in.Input)
	row.Data = k.data("Operation.Data", in.Data, was.Data)
	row.Metadata = k.data("Operation.Metadata", in.Metadata, was.Metadata)
	k.text(in.Reference, in.Note, in.CreatedBy, in.Code, in.Message, in.ResolvedBy, in.ResolvedNote)
	cut(&row.LeaseUntil, &row.FirstCallAt, &row.LastCallAt, &row.ResolvedAt, &row.CreatedAt, &row.UpdatedAt, &row.EndedAt)
	k.row()
	return &row
}

func (k *keeper) request(in *payment.KeyedRequest) *payment.KeyedRequest {
	row := *in
	k.text(in.Method, in.Key, in.Code)
	cut(&row.CreatedAt)
	k.row()
	return &row
}

func (k *keeper) event(in *payment.Event) *newEvent {
	e := &newEvent{event: *in}
	k.text(in.Code, in.Notice, in.Reference)
	cut(&e.event.At)
	k.row()
	return e
}

func (k *keeper) delivery(in *payment.Delivery) *payment.Delivery {
	row := *in
	k.private("Delivery.Body", in.Body)
	cut(&row.DueAt, &row.ReceivedAt, &row.HandledAt)
	return &row
}

func (k *keeper) settings(in *payment.Settings) *payment.Settings {
	row := payment.Settings{Version: in.Version, DisabledProviders: cloneList(in.DisabledProviders)}
	for i, r := range in.RefundReasons {
		if r == nil {
			k.refuse("Settings.RefundReasons", fmt.Sprintf("number %d is nil", i))
			return nil
		}
		reason := *r
		reason.Metadata = k.data("RefundReason.Metadata", r.Metadata, nil)
		cut(&reason.CreatedAt, &reason.UpdatedAt)
		row.RefundReasons = append(row.RefundReasons, &reason)
	}
	return &row
}

func keepDue(in payment.Due) payment.Due {
	in.Dead = cloneList(in.Dead)
	cut(&in.At)
	return in
}

func copyCollection(to, from *payment.PaymentCollection) {
	*to = *from
	to.ProviderIDs = cloneList(from.ProviderIDs)
	to.Metadata = cloneData(from.Metadata)
}

func copySession(to, from *payment.PaymentSession) {
	*to = *from
	to.Data = cloneData(from.Data)
	to.Metadata = cloneData(from.Metadata)
	to.Accepted = cloneList(from.Accepted)
	if from.NextAction != nil {
		action := *from.NextAction
		action.Fields = maps.Clone(action.Fields)
		action.Data = cloneData(action.Data)
		to.NextAction = &action
	}
}

func copyPayment(to, from *payment.Payment) {
	*to = *from
	to.Data = cloneData(from.Data)
	to.Metadata = cloneData(from.Metadata)
}

func copyCapture(to, from *payment.Capture) {
	*to = *from
	to.Metadata = cloneData(from.Metadata)
}

func copyRefund(to, from *payment.Refund) {
	*to = *from
	to.Metadata = cloneData(from.Metadata)
}

func copyOperation(to, from *payment.Operation) {
	*to = *from
	to.Data = cloneData(from.Data)
	to.Metadata = cloneData(from.Metadata)
}

func copyRequest(to, from *payment.KeyedRequest) { *to = *from }

func copyEvent(to, from *payment.Event) { *to = *from }

func copyDelivery(to, from *payment.Delivery) { *to = *from }

func copySettings(from *payment.Settings) *payment.Settings {
	to := &payment.Settings{Version: from.Version, DisabledProviders: cloneList(from.DisabledProviders)}
	for _, r := range from.RefundReasons {
		reason := *r
		reason.Metadata = cloneData(r.Metadata)
		to.RefundReasons = append(to.RefundReasons, &reason)
	}
	return to
}

// copies returns copies of rows that are loaded together, in as few allocations as there can be.
func copies[T any](rows []*T, copyRow func(to, from *T)) []*T {
	switch len(rows) {
	case 0:
		return nil
	case 1:
		one := &struct {
			list [1]*T
			row  T
		}{}
		one.list[0] = &one.row
		copyRow(&one.row, rows[0])
		return one.list[:]
	}
	all := make([]T, len(rows))
	list := make([]*T, len(rows))
	for i, r := range rows {
		copyRow(&all[i], r)
		list[i] = &all[i]
	}
	return list
}

// cut makes times what every database can keep: UTC, microseconds.
func cut(times ...*time.Time) {
	for _, t := range times {
		*t = cutTime(*t)
	}
}

func cutTime(t time.Time) time.Time {
	if t.Nanosecond()%int(time.Microsecond) == 0 {
		return t.UTC() // as most do, which come out of a store or are zero; what a monotonic clock has said is left out
	}
	return t.UTC().Truncate(time.Microsecond)
}

func cloneList[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return slices.Clone(list)
}

// cloneData returns a copy of a normalized map. Only what is nested in it is copied value by value.
func cloneData(d payment.Data) payment.Data {
	if len(d) == 0 {
		return nil
	}
	for _, v := range d {
		switch v.(type) {
		case map[string]any, []any:
			return d.Clone()
		}
	}
	return maps.Clone(d)
}

// normal reports whether NormalizeData would return a copy of v and nothing else, as it does for all that once came out of a store,
// and a bound of what v takes when encoded. It may say no when it is so: sizes and depths well below the limits are enough for it.
func normal(v any, depth int) (size int, ok bool) {
	const enough = 8
	switch v := v.(type) {
	case nil, bool:
		return 8, true
	case string:
		return 8 + 6*len(v), normalText(v)
	case json.Number:
		return 8 + len(v), len(v) <= 32 && jsonnumber.IsPlain(string(v))
	case map[string]any:
		size, ok = 8, depth < enough
		for key, x := range v {
			if !ok || !normalText(key) || size > payment.MaxDataBytes {
				return size, false
			}
			var n int
			n, ok = normal(x, depth+1)
			size += n + 8 + 6*len(key)
		}
		return size, ok && size <= payment.MaxDataBytes
	case []any:
		size, ok = 8, depth < enough
		for _, x := range v {
			if !ok || size > payment.MaxDataBytes {
				return size, false
			}
			var n int
			n, ok = normal(x, depth+1)
			size += n + 8
		}
		return size, ok && size <= payment.MaxDataBytes
	}
	return 0, false
}

// same reports whether v equals was, which is normalized, and a bound of what it takes when encoded.
func same(v, was any) (size int, ok bool) {
	switch v := v.(type) {
	case nil:
		return 8, was == nil
	case bool:
		return 8, v == was
	case string:
		w, ok := was.(string)
		return 8 + 6*len(v), ok && v == w
	case json.Number:
		w, ok := was.(json.Number)
		return 8 + len(v), ok && v == w
	case map[string]any:
		w, ok := was.(map[string]any)
		if !ok || len(v) != len(w) {
			return 0, false
		}
		size = 8
		for key, x := range v {
			y, there := w[key]
			n, ok := same(x, y)
			if size += n + 8 + 6*len(key); !ok || !there {
				return size, false
			}
		}
		return size, true
	case []any:
		w, ok := was.([]any)
		if !ok || len(v) != len(w) {
			return 0, false
		}
		size = 8
		for i, x := range v {
			n, ok := same(x, w[i])
			if size += n + 8; !ok {
				return size, false
			}
		}
		return size, true
	}
	return 0, false
}

func normalText(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }
