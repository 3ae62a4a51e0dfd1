package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// visit calls f for every addressable value below v: fields, elements, and what pointers lead to. f says whether to go deeper.
func visit(v reflect.Value, path string, f func(path string, v reflect.Value) bool) {
	if !f(path, v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			visit(v.Elem(), path, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				name := path + "." + field.Name
				if field.Anonymous {
					name = path
				}
				visit(v.Field(i), name, f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			visit(v.Index(i), fmt.Sprintf("%s[%d]", path, i), f)
		}
	}
}

// visitRow visits the row that a pointer leads to.
func visitRow(row any, f func(path string, v reflect.Value) bool) {
	v := reflect.ValueOf(row).Elem()
	visit(v, v.Type().Name(), f)
}

// fill sets every field of a row to something that is not its zero value, each to something else, by reflection: a field that is
// added later is filled as well. Payment.Captures and Payment.Refunds, which are no part of the row, stay empty.
func (k *kit) fill(row any) {
	k.t.Helper()
	n := int(k.fills.Add(1)) * 64
	v := reflect.ValueOf(row).Elem()
	k.fillStruct(v, v.Type().Name(), &n)
	if r, ok := row.(*payment.Refund); ok {
		r.ID = k.id("ref")
	}
}

func (k *kit) fillStruct(v reflect.Value, path string, n *int) {
	k.t.Helper()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := path + "." + field.Name
		if name == "Payment.Captures" || name == "Payment.Refunds" {
			continue
		}
		k.fillValue(v.Field(i), path, field.Name, n)
		if v.Field(i).IsZero() {
			k.fail("storetest has no value for the field %s of type %s: teach fill", name, field.Type)
		}
	}
}

func (k *kit) fillValue(v reflect.Value, path, field string, n *int) {
	k.t.Helper()
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(at(60 * *n).Add(time.Duration(*n) * time.Microsecond)))
		return
	case decimal.Decimal:
		v.Set(reflect.ValueOf(decimal.New(int64(100000000+*n), -4)))
		return
	case payment.Data:
		v.Set(reflect.ValueOf(richData(*n)))
		return
	case payment.Private:
		v.Set(reflect.ValueOf(payment.NewPrivate(richData(*n))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(k.text(v.Type(), path, field, *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(1000 + *n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		k.fillValue(v.Elem(), path, field, n)
	case reflect.Struct:
		k.fillStruct(v, v.Type().Name(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			k.fillValue(v.Index(i), path, field, n)
		}
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		k.fillValue(key, path, field, n)
		k.fillValue(value, path, field, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	}
}

// text returns a text that a field of this type and name can hold.
func (k *kit) text(t reflect.Type, owner, field string, n int) string {
	switch reflect.Zero(t).Interface().(type) {
	case payment.SessionStatus:
		return string(payment.StatusRequiresMore)
	case payment.NextActionKind:
		return string(payment.ActionFormPost)
	case payment.MovementState:
		return string(payment.MovementPending)
	case payment.OperationKind:
		return string(payment.OperationCapture)
	case payment.OperationState:
		return string(payment.OperationNeedsAttention)
	case payment.Resolution:
		return string(payment.ResolveAccept)
	case payment.EventKind:
		return string(payment.EventRefundReturned)
	case payment.DeliveryState:
		return string(payment.DeliveryParked)
	case payment.DueKind:
		return string(payment.DueSession)
	}
	prefixes := map[string]string{
		"PaymentCollection.ID": "paycol", "PaymentSession.ID": "payses", "Payment.ID": "pay", "Entry.ID": "capt", "Operation.ID": "op",
		"Event.ID": "evt", "Delivery.ID": "whd", "RefundReason.ID": "refr", "Due.ID": "paycol",
	}
	if prefix, ok := prefixes[owner+"."+field]; ok {
		return k.id(prefix)
	}
	switch field {
	case "CollectionID":
		return k.id("paycol")
	case "SessionID":
		return k.id("payses")
	case "PaymentID":
		return k.id("pay")
	case "OperationID":
		return k.id("op")
	case "EntryID":
		return k.id("capt")
	case "ReasonID":
		return k.id("refr")
	case "ProviderID", "ProviderIDs", "DisabledProviders":
		return fmt.Sprintf("provider-%03d", n)
	case "CurrencyCode":
		return "KWD"
	case "Fingerprint":
		return fmt.Sprintf("%064x", n)
	case "URL":
		return fmt.Sprintf("https://gateway.example/%d?a=b&c=%%20", n)
	}
	return fmt.Sprintf("%s %d – Zoë", field, n)
}

// richData returns normalized data with every kind of JSON value in it.
func richData(n int) payment.Data {
	return payment.Data{
		"n": json.Number(fmt.Sprint(n)), "text": fmt.Sprintf("text %d", n), "yes": true, "nothing": nil,
		"map":  map[string]any{"deeper": map[string]any{"n": json.Number("9007199254740993")}, "list": []any{"x"}},
		"list": []any{"a", json.Number("2"), map[string]any{"in": []any{json.Number("3")}}},
	}
}

// twin returns what a store has to return for a row: a copy, in the form that rows come back in.
func (k *kit) twin(row any) any {
	k.t.Helper()
	twin := reflect.New(reflect.TypeOf(row).Elem()).Interface()
	b, err := payment.EncodeRow(row)
	if err == nil {
		err = payment.DecodeRow(b, twin)
	}
	if err != nil {
		k.fail("storetest cannot copy a %T: %s", row, err)
	}
	visitRow(twin, func(_ string, v reflect.Value) bool {
		switch x := v.Interface().(type) {
		case time.Time:
			v.Set(reflect.ValueOf(x.UTC().Truncate(time.Microsecond)))
			return false
		case payment.Data:
			if len(x) == 0 {
				v.Set(reflect.Zero(v.Type()))
			}
			return false
		case decimal.Decimal, payment.Private:
			return false
		}
		return true
	})
	return twin
}

// same fails the case when a row came back other than it has to. want is the row that was given to the store.
func (k *kit) same(what string, got, want any) {
	k.t.Helper()
	if reflect.ValueOf(got).IsNil() {
		k.fail("%s is nil", what)
	}
	g, err := payment.EncodeRow(got)
	if err != nil {
		k.fail("%s came back as no row: %s", what, err)
	}
	w, err := payment.EncodeRow(k.twin(want))
	if err != nil {
		k.fail("storetest made no row: %s", err)
	}
	if !bytes.Equal(g, w) {
		k.fail("%s is not as it was given:\n\t%s", what, strings.Join(differences(g, w), "\n\t"))
	}
	k.shape(what, got)
}

// shape fails the case when a row that came back is not in the form that rows come back in, where its encoding does not show it.
func (k *kit) shape(what string, row any) {
	k.t.Helper()
	if p, ok := row.(*payment.Payment); ok && (p.Captures != nil || p.Refunds != nil) {
		k.fail("%s came back with Captures or Refunds in it", what)
	}
	visitRow(row, func(path string, v reflect.Value) bool {
		switch x := v.Interface().(type) {
		case time.Time:
			if x.Location() != time.UTC || x.Nanosecond()%1000 != 0 || x != x.Round(0) {
				k.fail("%s: %s is %s, want UTC, microseconds and no monotonic clock", what, path, x)
			}
			return false
		case payment.Data:
			normal, err := payment.NormalizeData(x)
			if err != nil || !reflect.DeepEqual(x, normal) {
				k.fail("%s: %s is %#v, which is not normalized (nil when empty, numbers as json.Number)", what, path, x)
			}
			return false
		case decimal.Decimal, payment.Private:
			return false
		}
		return true
	})
}

// differences names the fields in which two encodings differ, at most five.
func differences(got, want []byte) []string {
	var g, w any
	for b, v := range map[*[]byte]*any{&got: &g, &want: &w} {
		dec := json.NewDecoder(strings.NewReader(string(*b)))
		dec.UseNumber()
		if err := dec.Decode(v); err != nil {
			return []string{fmt.Sprintf("got %s", got), fmt.Sprintf("want %s", want)}
		}
	}
	var found []string
	differ("", g, w, &found)
	return found[:min(5, len(found))]
}

func differ(path string, got, want any, found *[]string) {
	if reflect.DeepEqual(got, want) {
		return
	}
	g, ok1 := got.(map[string]any)
	w, ok2 := want.(map[string]any)
	if !ok1 || !ok2 {
		*found = append(*found, fmt.Sprintf("%s: got %.300v, want %.300v", strings.TrimPrefix(path, "."), got, want))
		return
	}
	both := maps.Clone(g)
	maps.Copy(both, w)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		below := path + "." + name
		if name == "Row" {
			below = path
		}
		differ(below, g[name], w[name], found)
	}
}

// scramble changes a row in every place that a careless copy shares: its fields, what its pointers lead to, and the maps and lists
// in it, at any depth, in place.
func scramble(row any) {
	visitRow(row, func(_ string, v reflect.Value) bool {
		switch x := v.Interface().(type) {
		case payment.Data:
			scrambleJSON(map[string]any(x))
			return false
		case map[string]string:
			for key := range x {
				x[key] = "scrambled"
			}
			if x != nil {
				x["scrambled"] = "scrambled"
			}
			return false
		case payment.Private:
			scrambleJSON(map[string]any(x.Reveal()))
			return false
		case time.Time, decimal.Decimal:
			v.Set(reflect.Zero(v.Type()))
			return false
		}
		switch v.Kind() {
		case reflect.String:
			v.SetString("scrambled")
		case reflect.Int, reflect.Int32, reflect.Int64:
			v.SetInt(v.Int() + 1)
		case reflect.Bool:
			v.SetBool(!v.Bool())
		}
		return true
	})
}

func scrambleJSON(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			scrambleJSON(x)
			switch x.(type) {
			case map[string]any, []any:
			default:
				v[key] = "scrambled"
			}
		}
		if v != nil {
			v["scrambled"] = true
		}
	case []any:
		for i, x := range v {
			scrambleJSON(x)
			switch x.(type) {
			case map[string]any, []any:
			default:
				v[i] = "scrambled"
			}
		}
	}
}
