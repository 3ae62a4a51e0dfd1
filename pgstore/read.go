package pgstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// reader reads the columns of one row of a result, one after the other. It remembers what could not be read first.
type reader struct {
	raw    [][]byte
	fields []pgconn.FieldDescription
	types  *pgtype.Map
	at     int
	err    error
}

func newReader(rows pgx.Rows) *reader {
	return &reader{raw: rows.RawValues(), fields: rows.FieldDescriptions(), types: rows.Conn().TypeMap()}
}

// reset begins the next row.
func (r *reader) reset(rows pgx.Rows) { r.raw, r.at, r.err = rows.RawValues(), 0, nil }

// absent reports whether the row of a table that is next was not found, and passes over it.
func (r *reader) absent(t *table) bool {
	if r.raw[r.at] != nil {
		return false
	}
	r.at += len(t.columns)
	return true
}

func (r *reader) next() (raw []byte, f *pgconn.FieldDescription) {
	raw, f = r.raw[r.at], &r.fields[r.at]
	r.at++
	return raw, f
}

func (r *reader) damaged(f *pgconn.FieldDescription, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("column %s: %w", f.Name, err)
	}
}

func (r *reader) text() string {
	raw, _ := r.next()
	return string(raw)
}

func (r *reader) number() int64 {
	raw, f := r.next()
	switch {
	case raw == nil:
		return 0
	case f.Format == pgtype.BinaryFormatCode && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)) //nolint:gosec // two's complement, as it was sent
	case f.Format == pgtype.BinaryFormatCode && len(raw) == 4:
		return int64(int32(binary.BigEndian.Uint32(raw))) //nolint:gosec // likewise
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	r.damaged(f, err)
	return n
}

func (r *reader) flag() bool {
	raw, _ := r.next()
	return len(raw) > 0 && (raw[0] == 1 || raw[0] == 't')
}

func (r *reader) amount() decimal.Decimal {
	raw, f := r.next()
	if raw == nil {
		return decimal.Decimal{}
	}
	d, err := decimal.NewFromString(string(raw))
	r.damaged(f, err)
	return d
}

func (r *reader) time() time.Time {
	raw, f := r.next()
	if raw == nil {
		return time.Time{}
	}
	if f.Format == pgtype.BinaryFormatCode && len(raw) == 8 {
		micros := int64(binary.BigEndian.Uint64(raw)) //nolint:gosec // two's complement, as it was sent
		if micros == math.MaxInt64 || micros == math.MinInt64 {
			r.damaged(f, errors.New("infinite time"))
			return time.Time{}
		}
		return time.UnixMicro(micros + year2000).UTC()
	}
	var t time.Time
	r.damaged(f, r.types.Scan(f.DataTypeOID, f.Format, raw, &t))
	return t.UTC()
}

func (r *reader) list() []string {
	raw, f := r.next()
	if raw == nil {
		return nil
	}
	var texts []string
	r.damaged(f, r.types.Scan(f.DataTypeOID, f.Format, raw, &texts))
	if len(texts) == 0 {
		return nil
	}
	return texts
}

func (r *reader) numbers() []int64 {
	raw, f := r.next()
	if raw == nil {
		return nil
	}
	var list []int64
	r.damaged(f, r.types.Scan(f.DataTypeOID, f.Format, raw, &list))
	if len(list) == 0 {
		return nil
	}
	return list
}

func (r *reader) data() payment.Data {
	raw, f := r.next()
	if raw == nil {
		return nil
	}
	var d payment.Data
	if err := decodeJSON(raw, &d); err != nil {
		r.damaged(f, errors.New("not a JSON object")) // what it is may be private
		return nil
	}
	return readableData(d)
}

func (r *reader) private() payment.Private { return payment.NewPrivate(r.data()) }

func (r *reader) action() *payment.NextAction {
	raw, f := r.next()
	if raw == nil {
		return nil
	}
	var a payment.NextAction
	if err := decodeJSON(raw, &a); err != nil {
		r.damaged(f, err)
		return nil
	}
	a.Data, a.ExpiresAt = readableData(a.Data), a.ExpiresAt.UTC().Truncate(time.Microsecond)
	if len(a.Fields) == 0 {
		a.Fields = nil
	}
	return &a
}

// decodeJSON reads JSON with its numbers as they are written.
func decodeJSON(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows its end")
	}
	return nil
}

// readableData makes decoded data normal: nil when empty.
func readableData(d payment.Data) payment.Data {
	if len(d) == 0 {
		return nil
	}
	return d
}
