package payment

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// rowTypes returns an empty row of each type.
func rowTypes() []any {
	return []any{
		&PaymentCollection{}, &PaymentSession{}, &Payment{}, &Capture{}, &Refund{}, &Operation{}, &KeyedRequest{}, &Event{},
		&Delivery{}, &Due{}, &Settings{},
	}
}

// fillRow sets every exported field of the struct that v points to, each to another value; what is private gets the secret.
func fillRow(t *testing.T, v any, secret string) {
	t.Helper()
	n := 0
	fillValue(t, reflect.ValueOf(v).Elem(), reflect.TypeOf(v).String(), &n, secret)
}

func fillValue(t *testing.T, v reflect.Value, path string, n *int, secret string) {
	t.Helper()
	*n++
	switch p := v.Addr().Interface().(type) {
	case *Private:
		*p = NewPrivate(map[string]any{"secret": secret, "n": *n, "list": []any{true, nil, "x"}})
		return
	case *Data:
		*p = Data{"n": json.Number(fmt.Sprint(*n)), "big": json.Number("18446744073709551617"), "in": map[string]any{"list": []any{"a", true, nil}}}
		return
	case *decimal.Decimal:
		*p = decimal.New(int64(*n*100+50), -2)
		return
	case *time.Time:
		*p = time.Date(2026, 1, 2, 3, 4, 5, *n*1000, time.UTC)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(t, v.Elem(), path, n, secret)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillValue(t, v.Index(0), path+"[0]", n, secret)
		fillValue(t, v.Index(1), path+"[1]", n, secret)
	case reflect.Map:
		require.Equal(t, reflect.TypeFor[map[string]string](), v.Type(), "%s: teach this test that map", path)
		v.Set(reflect.ValueOf(map[string]string{"field": fmt.Sprintf("text-%d", *n)}))
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			require.True(t, f.IsExported(), "%s.%s: a row has exported fields alone", path, f.Name)
			fillValue(t, v.Field(i), path+"."+f.Name, n, secret)
			if f.Name == "Message" {
				v.Field(i).SetString(secret)
			}
		}
	default:
		t.Fatalf("%s: teach this test the kind %s", path, v.Kind())
	}
	require.False(t, v.IsZero(), "%s stays empty", path)
}

// requireSame compares field by field: decimals by value, times by instant, Private by its content.
func requireSame(t *testing.T, want, got any) {
	t.Helper()
	requireSameValue(t, reflect.ValueOf(want), reflect.ValueOf(got), "row")
}

func requireSameValue(t *testing.T, want, got reflect.Value, path string) {
	t.Helper()
	require.Equal(t, want.Type(), got.Type(), path)
	switch w := want.Interface().(type) {
	case Private:
		require.Equal(t, w.Reveal(), got.Interface().(Private).Reveal(), path)
		return
	case decimal.Decimal:
		require.True(t, w.Equal(got.Interface().(decimal.Decimal)), "%s: %s is not %s", path, got, want)
		return
	case time.Time:
		require.Equal(t, w, got.Interface(), path)
		return
	}
	switch want.Kind() {
	case reflect.Struct:
		for i := range want.NumField() {
			requireSameValue(t, want.Field(i), got.Field(i), path+"."+want.Type().Field(i).Name)
		}
	case reflect.Pointer:
		require.Equal(t, want.IsNil(), got.IsNil(), path)
		if !want.IsNil() {
			requireSameValue(t, want.Elem(), got.Elem(), path)
		}
	case reflect.Slice:
		require.Equal(t, want.Len(), got.Len(), path)
		for i := range want.Len() {
			requireSameValue(t, want.Index(i), got.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	default:
		require.Equal(t, want.Interface(), got.Interface(), path)
	}
}

// filledRow returns a new row of v's type with all that belongs to the row.
func filledRow(t *testing.T, v any) any {
	t.Helper()
	r := reflect.New(reflect.TypeOf(v).Elem()).Interface()
	fillRow(t, r, "s3cr3t")
	if p, ok := r.(*Payment); ok {
		p.Captures, p.Refunds = nil, nil
	}
	return r
}

func TestRowTypesAreAllOfRowsAndChanges(t *testing.T) {
	known := map[reflect.Type]bool{}
	for _, v := range rowTypes() {
		known[reflect.TypeOf(v).Elem()] = true
	}
	for _, holder := range []reflect.Type{reflect.TypeFor[Rows](), reflect.TypeFor[Changes]()} {
		for field := range holder.Fields() {
			f := field.Type
			for f.Kind() == reflect.Slice || f.Kind() == reflect.Pointer {
				f = f.Elem()
			}
			if f.Kind() == reflect.Struct {
				require.True(t, known[f], "%s.%s", holder, field.Name)
			}
		}
	}
}

func TestEveryFieldOfARowRoundTrips(t *testing.T) {
	for _, v := range rowTypes() {
		t.Run(strings.TrimPrefix(fmt.Sprintf("%T", v), "*payment."), func(t *testing.T) {
			want := filledRow(t, v)
			b, err := EncodeRow(want)
			require.NoError(t, err)
			require.NoError(t, DecodeRow(b, v))
			requireSame(t, want, v)

			again, err := EncodeRow(v)
			require.NoError(t, err)
			require.Equal(t, string(b), string(again), "equal rows have equal encodings")

			empty := reflect.New(reflect.TypeOf(v).Elem()).Interface()
			b, err = EncodeRow(empty)
			require.NoError(t, err)
			require.NoError(t, DecodeRow(b, v), "over a row that is not empty")
			requireSame(t, empty, v)
		})
	}
}

func TestDecodeRowLeavesNothingOfTheRowBefore(t *testing.T) {
	for _, v := range rowTypes() {
		want := filledRow(t, v)
		b, err := EncodeRow(want)
		require.NoError(t, err)

		// Maps and pointers are where decoding JSON would add to what is there, also to what others share.
		fillRow(t, v, "old")
		stale := Data{"stale": true}
		shared := &NextAction{Fields: map[string]string{"stale": "x"}, Data: stale}
		row := reflect.ValueOf(v).Elem()
		for _, field := range row.Fields() {
			switch p := field.Addr().Interface().(type) {
			case *Data:
				*p = stale
			case **NextAction:
				*p = shared
			case *Entry:
				p.Metadata = stale
			}
		}
		require.NoError(t, DecodeRow(b, v))
		requireSame(t, want, v)
		require.Equal(t, Data{"stale": true}, stale)
		require.Equal(t, &NextAction{Fields: map[string]string{"stale": "x"}, Data: stale}, shared)

		require.Error(t, DecodeRow([]byte(`{"v":1,`), v))
		requireSame(t, reflect.New(reflect.TypeOf(v).Elem()).Interface(), v)
	}
}

func TestRowsDoNotDependOnHowDecimalsAreWritten(t *testing.T) {
	short, err := EncodeRow(&Payment{Amount: decimal.RequireFromString("1.5"), Captured: decimal.New(3, 2)})
	require.NoError(t, err)
	long, err := EncodeRow(&Payment{Amount: decimal.RequireFromString("1.50"), Captured: decimal.RequireFromString("300.00")})
	require.NoError(t, err)
	require.Equal(t, string(short), string(long))

	var p Payment
	require.NoError(t, DecodeRow([]byte(strings.ReplaceAll(string(short), `"1.5"`, `1.5`)), &p), "a number instead of a text")
	require.True(t, decimal.RequireFromString("1.5").Equal(p.Amount))
}

func TestPrivateIsInTheRowAndNowhereElse(t *testing.T) {
	const secret = "s3cr3t"
	for _, v := range []any{&PaymentSession{}, &Operation{}, &Delivery{}} {
		r := filledRow(t, v)
		b, err := EncodeRow(r)
		require.NoError(t, err)
		require.Contains(t, string(b), secret, "%T", v)
		b, err = json.Marshal(r)
		require.NoError(t, err)
		require.NotContains(t, string(b), secret, "%T", v)
	}
}

func TestCapturesAndRefundsAreNotPartOfAPaymentsRow(t *testing.T) {
	with, without := &Payment{ID: "pay_1"}, &Payment{ID: "pay_1"}
	with.Captures, with.Refunds = []*Capture{{}}, []*Refund{{}}
	a, err := EncodeRow(with)
	require.NoError(t, err)
	b, err := EncodeRow(without)
	require.NoError(t, err)
	require.Equal(t, string(b), string(a))

	require.NoError(t, DecodeRow(a, with))
	require.Nil(t, with.Captures)
	require.Nil(t, with.Refunds)
}

func TestDecodeRowRefusesANewerVersion(t *testing.T) {
	for _, v := range rowTypes() {
		b, err := EncodeRow(filledRow(t, v))
		require.NoError(t, err)
		newer := strings.Replace(string(b), `"v":1`, `"v":2`, 1)
		require.NotEqual(t, string(b), newer)
		require.ErrorContains(t, DecodeRow([]byte(newer), v), "its encoding has version 2, this library reads up to 1", "%T", v)

		// A field of another type, or no row where we look for it, must not hide what is wrong.
		for _, b := range []string{`{"v":2,"ID":{},"Row":[]}`, `{"v":2}`} {
			require.ErrorContains(t, DecodeRow([]byte(b), v), "version 2, this library reads up to 1", "%T: %s", v, b)
		}
	}
}

func TestDecodeRowRefusesDamage(t *testing.T) {
	for _, v := range rowTypes() {
		whole, err := EncodeRow(filledRow(t, v))
		require.NoError(t, err)
		for name, b := range map[string]string{
			"empty":         "",
			"cut short":     string(whole[:len(whole)-2]),
			"two of them":   string(whole) + string(whole),
			"more after it": string(whole) + "x",
			"no row":        "{}",
			"null":          "null",
			"a list":        "[]",
			"version 0":     strings.Replace(string(whole), `"v":1`, `"v":0`, 1),
			"no version":    strings.Replace(string(whole), `"v":1`, `"w":1`, 1),
			"not JSON":      "\x00\x01",
		} {
			err := DecodeRow([]byte(b), v)
			require.ErrorContains(t, err, fmt.Sprintf("payment: decode a %T: ", v), name)
			require.NotContains(t, err.Error(), "s3cr3t")
		}
		require.NoError(t, DecodeRow(append(whole, " \n"...), v), "space is no damage")
	}
	for _, b := range []string{`{"v":1}`, `{"v":1,"Row":null}`} {
		require.ErrorContains(t, DecodeRow([]byte(b), &Capture{}), "it holds no row")
	}
}

func TestOnlyRowsHaveAnEncoding(t *testing.T) {
	for _, v := range []any{nil, 1, "x", PaymentSession{}, &RefundReason{}, &Rows{}, new(*Payment)} {
		_, err := EncodeRow(v)
		require.ErrorContains(t, err, "is not a row", "%T", v)
		require.ErrorContains(t, DecodeRow([]byte(`{"v":1}`), v), "is not a row", "%T", v)
	}
	for _, v := range []any{(*PaymentSession)(nil), (*PaymentCollection)(nil), (*Settings)(nil)} {
		_, err := EncodeRow(v)
		require.ErrorContains(t, err, "a nil *payment.", "%T", v)
		require.ErrorContains(t, DecodeRow([]byte(`{"v":1}`), v), "a nil *payment.", "%T", v)
	}
}

func TestEncodeRowRefusesWhatJSONCannotHold(t *testing.T) {
	for name, v := range map[string]any{
		"data":    &PaymentSession{Data: Data{"f": func() {}}},
		"private": &PaymentSession{Private: NewPrivate(map[string]any{"f": func() {}})},
	} {
		_, err := EncodeRow(v)
		require.ErrorContains(t, err, "payment: encode a *payment.PaymentSession: ", name)
	}
}

// What is decoded is as a store must return it, however it was encoded.
func TestDecodedRowsAreNormal(t *testing.T) {
	west := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.FixedZone("west", -3*3600))
	given := &PaymentSession{
		ID: "payses_1", Data: Data{}, Metadata: Data{"n": 12345678901234567}, CreatedAt: west,
		NextAction: &NextAction{Kind: ActionWait, Data: Data{}, Fields: map[string]string{}, ExpiresAt: west},
	}
	b, err := EncodeRow(given)
	require.NoError(t, err)
	var got PaymentSession
	require.NoError(t, DecodeRow(b, &got))
	at := time.Date(2026, 3, 1, 15, 0, 0, 123456000, time.UTC)
	require.Equal(t, at, got.CreatedAt)
	require.Zero(t, got.UpdatedAt)
	require.Nil(t, got.Data)
	require.Equal(t, Data{"n": json.Number("12345678901234567")}, got.Metadata)
	require.Equal(t, &NextAction{Kind: ActionWait, ExpiresAt: at}, got.NextAction)

	b, err = EncodeRow(&Capture{Entry{ID: "capt_1", CreatedAt: west, Metadata: Data{}}})
	require.NoError(t, err)
	var c Capture
	require.NoError(t, DecodeRow(b, &c))
	require.Equal(t, at, c.CreatedAt)
	require.Nil(t, c.Metadata)
}

func TestDecodeRowNormalizesData(t *testing.T) {
	data := Data{"n": json.Number("1.50E+2"), "list": []any{map[string]any{"n": 1e22}}}
	b, err := EncodeRow(&PaymentSession{ID: "payses_1", Data: data, NextAction: &NextAction{Data: data}})
	require.NoError(t, err)
	var row PaymentSession
	require.NoError(t, DecodeRow(b, &row))
	want, err := NormalizeData(data)
	require.NoError(t, err)
	require.Equal(t, want, row.Data)
	require.Equal(t, want, row.NextAction.Data)
}
