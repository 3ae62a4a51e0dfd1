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
)

// Rows are copied twice: on the way in by a keep function, which also makes them what every store returns, and on the way out by a
// copy function. Decimals, times and Private are immutable and shared.

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

// data returns a normalized copy.
func (k *keeper) data(field string, d payment.Data) payment.Data {
	if len(d) == 0 {
		return nil
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
	kept.Data = k.data("NextAction.Data", a.Data)
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

func (k *keeper) collection(in *payment.PaymentCollection) *payment.PaymentCollection {
	row := *in
	row.ProviderIDs = cloneList(in.ProviderIDs)
	k.text(in.ProviderIDs...)
	row.Metadata = k.data("PaymentCollection.Metadata", in.Metadata)
	cut(&row.CompletedAt, &row.CanceledAt, &row.DeletedAt, &row.CreatedAt, &row.UpdatedAt)
	return &row
}

func (k *keeper) session(in *payment.PaymentSession) *payment.PaymentSession {
	row := *in
	k.private("PaymentSession.Private", in.Private)
	k.private("PaymentSession.Context", in.Context)
	row.Data = k.data("PaymentSession.Data", in.Data)
	row.Metadata = k.data("PaymentSession.Metadata", in.Metadata)
	row.NextAction = k.action(in.NextAction)
	k.text(in.Reference, in.Account, in.Reason)
	cut(&row.InitializedAt, &row.ProcessingSince, &row.AskedAt, &row.AuthorizedAt, &row.CanceledAt, &row.ExpiresAt,
		&row.DeletedAt, &row.CreatedAt, &row.UpdatedAt)
	return &row
}

func (k *keeper) payment(in *payment.Payment) *payment.Payment {
	row := *in
	row.Captures, row.Refunds = nil, nil
	row.Data = k.data("Payment.Data", in.Data)
	row.Metadata = k.data("Payment.Metadata", in.Metadata)
	cut(&row.CaptureBefore, &row.CapturedAt, &row.CanceledAt, &row.CreatedAt, &row.UpdatedAt)
	return &row
}

func (k *keeper) entry(row *payment.Entry) {
	row.Metadata = k.data("Entry.Metadata", row.Metadata)
	k.text(row.Reference, row.Reason, row.CreatedBy)
	cut(&row.CreatedAt, &row.UpdatedAt)
}

func (k *keeper) capture(in *payment.Capture) *payment.Capture {
	row := *in
	k.entry(&row.Entry)
	return &row
}

func (k *keeper) refund(in *payment.Refund) *payment.Refund {
	row := *in
	k.entry(&row.Entry)
	k.text(in.Note)
	cut(&row.ReturnedAt)
	return &row
}

func (k *keeper) operation(in *payment.Operation) *payment.Operation {
	row := *in
	k.private("Operation.Private", in.Private)
	k.private("Operation.Context", in.Context)
	k.private("Operation.Input", in.Input)
	row.Data = k.data("Operation.Data", in.Data)
	row.Metadata = k.data("Operation.Metadata", in.Metadata)
	k.text(in.Reference, in.Note, in.CreatedBy, in.Code, in.Message)
	cut(&row.LeaseUntil, &row.FirstCallAt, &row.LastCallAt, &row.CreatedAt, &row.UpdatedAt, &row.EndedAt)
	return &row
}

func (k *keeper) request(in *payment.KeyedRequest) *payment.KeyedRequest {
	row := *in
	k.text(in.Method, in.Key, in.Code)
	cut(&row.CreatedAt)
	return &row
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
		reason.Metadata = k.data("RefundReason.Metadata", r.Metadata)
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

func cutTime(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

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
		return 8 + len(v), normalNumber(string(v))
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

func normalText(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

// normalNumber reports whether s is a plain number in JSON: a sign, digits without a leading zero, and decimals.
func normalNumber(s string) bool {
	if len(s) > 32 {
		return false
	}
	whole, decimals, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return digits(whole) && (whole[0] != '0' || whole == "0") && (!point || digits(decimals))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
