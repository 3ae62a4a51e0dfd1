package pgstore

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// arguments are those of a statement, as they are sent: in binary where that is what the server would make of a text anyway. They are
// written one behind the other into one piece of memory, which costs a commit of a hundred and more of them three allocations.
type arguments struct {
	statement *statement // nil if it is none of a commit
	bytes     []byte
	values    []argument
}

// argument is where one argument stands.
type argument struct {
	from, to int32
	kind     kind
}

// kind is how an argument is written.
type kind uint8

const (
	null     kind = iota
	textual       // as text, whatever its type
	integer       // a bigint, in binary
	logical       // a boolean, in binary
	temporal      // a timestamptz, in binary
)

// year2000 is where PostgreSQL's times begin, in microseconds since 1970.
const year2000 = 946_684_800_000_000

func (a *arguments) add(k kind, from int) {
	a.values = append(a.values, argument{int32(from), int32(len(a.bytes)), k}) //nolint:gosec // commits are refused before they are so large
}

func (a *arguments) addNull() { a.add(null, len(a.bytes)) }

func (a *arguments) addText(s string) {
	from := len(a.bytes)
	a.bytes = append(a.bytes, s...)
	a.add(textual, from)
}

func (a *arguments) addNumber(n int64) { a.add64(integer, n) }

func (a *arguments) addTime(t time.Time) { a.add64(temporal, t.UnixMicro()-year2000) }

func (a *arguments) add64(k kind, n int64) {
	from := len(a.bytes)
	a.bytes = binary.BigEndian.AppendUint64(a.bytes, uint64(n)) //nolint:gosec // two's complement, as it is sent
	a.add(k, from)
}

func (a *arguments) addFlag(b bool) {
	from := len(a.bytes)
	if a.bytes = append(a.bytes, 0); b {
		a.bytes[from] = 1
	}
	a.add(logical, from)
}

// args returns the arguments as pgx takes them.
func (a *arguments) args() []any {
	list := make([]any, len(a.values))
	for i := range a.values {
		list[i] = a.value(i)
	}
	return list
}

// value returns one of them as pgx takes it.
func (a *arguments) value(i int) any {
	of := a.values[i]
	raw := a.bytes[of.from:of.to]
	switch of.kind {
	case null:
		return nil
	case integer:
		return int64(binary.BigEndian.Uint64(raw)) //nolint:gosec // two's complement
	case logical:
		return raw[0] == 1
	case temporal:
		return time.UnixMicro(int64(binary.BigEndian.Uint64(raw)) + year2000).UTC() //nolint:gosec // likewise
	}
	return string(raw)
}

// queue adds their statement to a batch.
func (a *arguments) queue(b *pgx.Batch) { b.Queue(a.statement.text, a) }

// RewriteQuery gives the arguments to pgx, where it is pgx that encodes them.
func (a *arguments) RewriteQuery(_ context.Context, _ *pgx.Conn, sql string, _ []any) (text string, args []any, err error) {
	return sql, a.args(), nil
}

// encoding is the arguments of a statement as the protocol has them.
type encoding struct {
	values  [][]byte
	formats []int16
}

// encode writes the arguments in the place of what was there.
func (a *arguments) encode(e *encoding) {
	e.values, e.formats = e.values[:0], e.formats[:0]
	for _, of := range a.values {
		format := int16(pgtype.BinaryFormatCode)
		if of.kind == textual {
			format = pgtype.TextFormatCode
		}
		value := a.bytes[of.from:of.to:of.to]
		if of.kind == null {
			value = nil
		}
		e.values, e.formats = append(e.values, value), append(e.formats, format)
	}
}

// room is how many bytes they take in the protocol, with what is around them: a format and a length each.
func (a *arguments) room() room { return room(len(a.bytes) + 6*len(a.values) + 128) }

var _ pgx.QueryRewriter = (*arguments)(nil)
