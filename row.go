package payment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
)

// rowVersion is the version of the encoding of rows. A decoder reads every version up to it.
const rowVersion = 1

// EncodeRow returns a row whole, Private included, for stores and nobody else: a pointer to any type that [Rows] and [Changes] hold,
// or to Settings. Equal rows have equal encodings. [Payment].Captures and Payment.Refunds are not part of the row.
//
// The error says that v is no such pointer, or nil, or that its Data or Private holds what JSON cannot hold.
func EncodeRow(v any) ([]byte, error) {
	r, err := rowOf(v)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(r.hide(rowVersion))
	if err != nil {
		return nil, fmt.Errorf("payment: encode a %T: %w", v, err)
	}
	return b, nil
}

// DecodeRow fills the row that v points to from what [EncodeRow] returned, this version or an earlier one, as a [Store] must return it:
// times in UTC cut to microseconds, Data as [NormalizeData] makes it, and nothing empty that could be nil. What the row held before is
// gone, also after an error.
//
// The error says that b is damaged, or written by a newer version of this library: upgrade every process that shares the store.
func DecodeRow(b []byte, v any) error {
	r, err := rowOf(v)
	if err != nil {
		return err
	}
	version, err := r.fill(b)
	if err != nil {
		// A newer version may well not fit: say that rather than which field.
		var newer struct {
			V int `json:"v"`
		}
		if json.Unmarshal(b, &newer) != nil || newer.V <= rowVersion {
			return fmt.Errorf("payment: decode a %T: %w", v, err)
		}
		version = newer.V
	}
	if version > rowVersion {
		return fmt.Errorf("payment: decode a %T: its encoding has version %d, this library reads up to %d: upgrade it", v, version, rowVersion)
	}
	if version < 1 {
		return fmt.Errorf("payment: decode a %T: its encoding names no version", v)
	}
	normalizeRow(reflect.ValueOf(v).Elem())
	return nil
}

// normalizeRow makes a decoded struct what every store returns.
func normalizeRow(v reflect.Value) {
	for _, f := range v.Fields() {
		switch {
		case !f.CanSet():
		case f.Type() == reflect.TypeFor[time.Time]():
			at := f.Interface().(time.Time)
			f.Set(reflect.ValueOf(at.UTC().Truncate(time.Microsecond)))
		case (f.Kind() == reflect.Map || f.Kind() == reflect.Slice) && f.Len() == 0:
			f.SetZero()
		case f.Type() == reflect.TypeFor[Data]():
			if d, err := NormalizeData(f.Interface().(Data)); err == nil {
				f.Set(reflect.ValueOf(d))
			}
		case f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.Pointer:
			for i := range f.Len() {
				normalizeRow(f.Index(i).Elem())
			}
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct && !f.IsNil():
			normalizeRow(f.Elem())
		case f.Type() == reflect.TypeFor[Entry]():
			normalizeRow(f)
		}
	}
}

// row is a row with its encoding. The types of the encoding have no methods, so that they encode field by field: a new field is
// never forgotten. What the public encoding hides is written out beside them.
type row struct {
	hide func(version int) any
	fill func(b []byte) (version int, err error)
}

func rowOf(v any) (row, error) {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && p.IsNil() {
		return row{}, fmt.Errorf("payment: a nil %T is not a row", v)
	}
	switch v := v.(type) {
	case *PaymentCollection:
		type plain PaymentCollection
		return plainRow((*plain)(v)), nil
	case *PaymentSession:
		type plain PaymentSession
		type encoded struct {
			V int `json:"v"`
			*plain
			Private, Context Data `json:",omitempty"`
		}
		return row{
			hide: func(n int) any { return encoded{n, (*plain)(v), v.Private.shown(), v.Context.shown()} },
			fill: func(b []byte) (int, error) {
				*v = PaymentSession{}
				e := encoded{plain: (*plain)(v)}
				err := decodeExact(b, &e)
				v.Private, v.Context = NewPrivate(e.Private), NewPrivate(e.Context)
				return e.V, err
			},
		}, nil
	case *Payment:
		type plain Payment
		type encoded struct {
			V int `json:"v"`
			*plain
			Captures, Refunds *struct{} `json:",omitempty"` // rows of their own
		}
		return row{
			hide: func(n int) any { return encoded{V: n, plain: (*plain)(v)} },
			fill: func(b []byte) (int, error) {
				*v = Payment{}
				e := encoded{plain: (*plain)(v)}
				err := decodeExact(b, &e)
				return e.V, err
			},
		}, nil
	case *Capture:
		type plain Capture
		return plainRow((*plain)(v)), nil
	case *Refund:
		type plain Refund
		return plainRow((*plain)(v)), nil
	case *Operation:
		type plain Operation
		type encoded struct {
			V int `json:"v"`
			*plain
			Private, Context, Input Data `json:",omitempty"`
		}
		return row{
			hide: func(n int) any {
				return encoded{n, (*plain)(v), v.Private.shown(), v.Context.shown(), v.Input.shown()}
			},
			fill: func(b []byte) (int, error) {
				*v = Operation{}
				e := encoded{plain: (*plain)(v)}
				err := decodeExact(b, &e)
				v.Private, v.Context, v.Input = NewPrivate(e.Private), NewPrivate(e.Context), NewPrivate(e.Input)
				return e.V, err
			},
		}, nil
	case *KeyedRequest:
		type plain KeyedRequest
		return plainRow((*plain)(v)), nil
	case *Event:
		type plain Event
		return plainRow((*plain)(v)), nil
	case *Delivery:
		type plain Delivery
		type encoded struct {
			V int `json:"v"`
			*plain
			Body Data `json:",omitempty"`
		}
		return row{
			hide: func(n int) any { return encoded{n, (*plain)(v), v.Body.shown()} },
			fill: func(b []byte) (int, error) {
				*v = Delivery{}
				e := encoded{plain: (*plain)(v)}
				err := decodeExact(b, &e)
				v.Body = NewPrivate(e.Body)
				return e.V, err
			},
		}, nil
	case *Due:
		type plain Due
		return plainRow((*plain)(v)), nil
	case *Settings:
		type plain Settings
		// A refund reason's own MarshalJSON is public; inside the settings it is whole as well, by its plain type.
		type reason RefundReason
		type encoded struct {
			V int `json:"v"`
			*plain
			RefundReasons []*reason `json:",omitempty"`
		}
		return row{
			hide: func(n int) any {
				e := encoded{V: n, plain: (*plain)(v)}
				for _, r := range v.RefundReasons {
					e.RefundReasons = append(e.RefundReasons, (*reason)(r))
				}
				return e
			},
			fill: func(b []byte) (int, error) {
				*v = Settings{}
				e := encoded{plain: (*plain)(v)}
				err := decodeExact(b, &e)
				for _, r := range e.RefundReasons {
					v.RefundReasons = append(v.RefundReasons, (*RefundReason)(r))
				}
				return e.V, err
			},
		}, nil
	}
	return row{}, fmt.Errorf("payment: a %T is not a row", v)
}

// plainRow encodes a row without secrets. T is a struct type without methods.
func plainRow[T any](v *T) row {
	return row{
		hide: func(n int) any {
			return struct {
				V   int `json:"v"`
				Row *T
			}{n, v}
		},
		fill: func(b []byte) (int, error) {
			var e struct {
				V   int `json:"v"`
				Row *T
			}
			err := decodeExact(b, &e)
			if err == nil && e.Row == nil && e.V <= rowVersion {
				err = errors.New("it holds no row")
			}
			if e.Row == nil {
				e.Row = new(T)
			}
			*v = *e.Row
			return e.V, err
		},
	}
}

// decodeExact reads JSON with numbers kept as they are written, and refuses what follows it.
func decodeExact(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); err != io.EOF {
		return errors.New("more follows its end")
	}
	return nil
}

// idDigits returns what follows the prefix of an ID.
func idDigits(id string) string {
	return id[strings.IndexByte(id, '_')+1:]
}
