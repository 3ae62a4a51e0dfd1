package sqlitestore

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

// ordered is a time that rows are ordered by: stored as a number even if it is zero, where other times are NULL.
type ordered time.Time

// encoder turns what fields point to into what SQLite holds. It remembers what was wrong first, and how much there was.
type encoder struct {
	row  string // the row at hand, such as PaymentSession
	err  error
	size int // bytes
}

// fields returns the values of a row's fields.
func (e *encoder) fields(row string, columns []string, fields []any) []any {
	e.row = row
	values := make([]any, len(fields))
	for i, f := range fields {
		values[i] = e.value(columns[i], f)
	}
	return values
}

func (e *encoder) refuse(column, rule string) {
	if e.err == nil {
		e.err = &payment.InvalidError{Field: e.row + "." + inGo(column), Rule: rule}
	}
}

// inGo returns the field of a column: NextAction of next_action.
func inGo(column string) string {
	name := ""
	for word := range strings.SplitSeq(column, "_") {
		name += strings.ToUpper(word[:1]) + word[1:]
	}
	return name
}

// value returns what SQLite holds for the field that f points to.
func (e *encoder) value(column string, f any) any {
	e.size += 8
	switch f := f.(type) {
	case *string:
		return e.text(*f)
	case *bool:
		return *f
	case *int:
		return int64(*f)
	case *int64:
		return *f
	case *decimal.Decimal:
		return e.text(f.String())
	case *ordered:
		return time.Time(*f).UnixMicro()
	case *time.Time:
		if f.IsZero() {
			return nil
		}
		return f.UnixMicro()
	case *payment.SessionStatus:
		return e.text(string(*f))
	case *payment.MovementState:
		return e.text(string(*f))
	case *payment.OperationKind:
		return e.text(string(*f))
	case *payment.OperationState:
		return e.text(string(*f))
	case *payment.Resolution:
		return e.text(string(*f))
	case *payment.EventKind:
		return e.text(string(*f))
	case *payment.DeliveryState:
		return e.text(string(*f))
	case *payment.DueKind:
		return e.text(string(*f))
	case *payment.Data:
		return e.data(column, *f)
	case *payment.Private:
		return e.private(column, *f)
	case *[]string:
		if len(*f) == 0 {
			return nil
		}
		return e.json(column, *f)
	case *[]int64:
		if len(*f) == 0 {
			return nil
		}
		return e.json(column, *f)
	case **payment.NextAction:
		return e.action(column, *f)
	}
	e.refuse(column, fmt.Sprintf("is a %T, for which there is no column", f))
	return nil
}

func (e *encoder) text(s string) string {
	e.size += len(s)
	return s
}

func (e *encoder) json(column string, v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		e.refuse(column, "cannot be written as JSON")
		return nil
	}
	return e.text(string(b))
}

func (e *encoder) data(column string, d payment.Data) any {
	text, err := payment.AppendData(nil, d)
	if err != nil {
		e.refuse(column, err.Error())
	}
	return e.object(text)
}

// private does not say what it refuses: not even a key may be seen.
func (e *encoder) private(column string, p payment.Private) any {
	text, err := payment.AppendPrivate(nil, p)
	if err != nil {
		e.refuse(column, "holds a value that JSON cannot hold, or is larger than 64 KiB")
	}
	return e.object(text)
}

// object is JSON as text, and NULL where there is none.
func (e *encoder) object(text []byte) any {
	if len(text) == 0 {
		return nil
	}
	return e.text(string(text))
}

func (e *encoder) action(column string, a *payment.NextAction) any {
	if a == nil {
		return nil
	}
	kept := *a
	d, err := payment.NormalizeData(a.Data)
	if err != nil {
		e.refuse(column, err.Error())
	}
	kept.Data, kept.Fields = d, maps.Clone(a.Fields)
	kept.ExpiresAt = a.ExpiresAt.UTC().Truncate(time.Microsecond)
	return e.json(column, &kept)
}

// target is a field to be filled from a column.
type target struct{ field any }

var errNotThis = errors.New("holds what the store never wrote")

// Scan fills the field. The error does not quote what the column holds: it may be secret.
func (t *target) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		return t.null()
	case int64:
		return t.number(v)
	case string:
		return t.text(v)
	case []byte:
		return t.text(string(v))
	}
	return errNotThis
}

// null accepts NULL where a field can be empty. Rows are scanned into new structs, so that there is nothing to clear.
func (t *target) null() error {
	switch t.field.(type) {
	case *time.Time, *payment.Data, *payment.Private, *[]string, *[]int64, **payment.NextAction:
		return nil
	}
	return errNotThis
}

func (t *target) number(v int64) error {
	switch f := t.field.(type) {
	case *bool:
		*f = v != 0
	case *int:
		*f = int(v)
	case *int64:
		*f = v
	case *ordered:
		*f = ordered(time.UnixMicro(v).UTC())
	case *time.Time:
		*f = time.UnixMicro(v).UTC()
	default:
		return errNotThis
	}
	return nil
}

func (t *target) text(v string) error {
	switch f := t.field.(type) {
	case *string:
		*f = v
	case *decimal.Decimal:
		d, err := decimal.NewFromString(v)
		if err != nil {
			return errNotThis
		}
		*f = d
	case *payment.SessionStatus:
		*f = payment.SessionStatus(v)
	case *payment.MovementState:
		*f = payment.MovementState(v)
	case *payment.OperationKind:
		*f = payment.OperationKind(v)
	case *payment.OperationState:
		*f = payment.OperationState(v)
	case *payment.Resolution:
		*f = payment.Resolution(v)
	case *payment.EventKind:
		*f = payment.EventKind(v)
	case *payment.DeliveryState:
		*f = payment.DeliveryState(v)
	case *payment.DueKind:
		*f = payment.DueKind(v)
	case *payment.Private:
		var d payment.Data
		if err := readJSON(v, &d); err != nil {
			return err
		}
		*f = payment.NewPrivate(d)
	case *payment.Data, *[]string, *[]int64, **payment.NextAction:
		return readJSON(v, f)
	default:
		return errNotThis
	}
	return nil
}

// readJSON reads JSON with numbers kept as they are written.
func readJSON(text string, v any) error {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if dec.Decode(v) != nil {
		return errNotThis
	}
	if _, err := dec.Token(); err != io.EOF {
		return errNotThis
	}
	return nil
}
