package pgstore

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// writer turns a row into the arguments of a statement, in the order of the table's columns. It remembers what was wrong first, and
// adds up how large the rows are.
type writer struct {
	arguments
	row  string // the type that is written, for errors
	all  bool   // rows follow each other, of one collection, whose ID is the first argument
	size int
	err  error
}

// begin starts a row with so many columns.
func (w *writer) begin(row string, columns int) {
	if w.row = row; !w.all {
		w.arguments = arguments{}
	}
	w.size += 8 * columns
}

func (w *writer) refuse(field, rule string) {
	if w.err == nil {
		w.err = &payment.InvalidError{Field: w.row + "." + field, Rule: rule}
	}
}

// check refuses what text in PostgreSQL cannot hold. The rule does not quote it.
func (w *writer) check(field, s string) {
	w.size += len(s)
	switch {
	case strings.IndexByte(s, 0) >= 0:
		w.refuse(field, "must not hold a NUL character")
	case !utf8.ValidString(s):
		w.refuse(field, "must be valid UTF-8")
	}
}

func (w *writer) text(field, s string) {
	w.check(field, s)
	w.addText(s)
}

// owner adds the ID of the collection that a row belongs to.
func (w *writer) owner(id string) {
	if !w.all {
		w.text("CollectionID", id)
	}
}

func (w *writer) unique(field, s string) {
	if s == "" {
		w.addNull()
		return
	}
	w.text(field, s)
}

func (w *writer) number(n int64)     { w.addNumber(n) }
func (w *writer) flag(b bool)        { w.addFlag(b) }
func (w *writer) moment(t time.Time) { w.addTime(t) }

func (w *writer) amount(d decimal.Decimal) {
	if d.IsZero() { // as most amounts of a row are
		w.addText("0")
		return
	}
	w.addText(d.String())
}

func (w *writer) stamp(t time.Time) {
	if t.IsZero() {
		w.addNull()
		return
	}
	w.addTime(t)
}

// list adds an array, as PostgreSQL writes one.
func (w *writer) list(field string, texts []string) {
	if len(texts) == 0 {
		w.addNull()
		return
	}
	quoted := make([]string, len(texts))
	for i, s := range texts {
		w.check(field, s)
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	}
	w.addText("{" + strings.Join(quoted, ",") + "}")
}

func (w *writer) numbers(list []int64) {
	if len(list) == 0 {
		w.addNull()
		return
	}
	w.size += 8 * len(list)
	digits := make([]string, len(list))
	for i, n := range list {
		digits[i] = strconv.FormatInt(n, 10)
	}
	w.addText("{" + strings.Join(digits, ",") + "}")
}

func (w *writer) data(field string, d payment.Data) {
	text, err := payment.AppendData(w.bytes, d)
	if err != nil {
		w.refuse(field, err.Error())
	}
	w.appended(text)
}

// private is data whose rule does not quote it.
func (w *writer) private(field string, p payment.Private) {
	text, err := payment.AppendPrivate(w.bytes, p)
	if err != nil {
		w.refuse(field, "holds a value that JSON cannot hold, or is larger than 64 KiB")
	}
	w.appended(text)
}

// appended adds what was written behind the other arguments, and NULL where nothing was.
func (w *writer) appended(text []byte) {
	from := len(w.bytes)
	w.bytes = text
	if w.size += len(text) - from; len(text) == from {
		w.addNull()
		return
	}
	w.add(textual, from)
}

func (w *writer) action(a *payment.NextAction) {
	if a == nil {
		w.addNull()
		return
	}
	kept := *a
	var err error
	if kept.Data, err = payment.NormalizeData(a.Data); err != nil {
		w.refuse("NextAction.Data", err.Error())
		kept.Data = nil
	}
	for _, s := range []string{string(a.Kind), a.URL, a.Text} {
		w.check("NextAction", s)
	}
	for name, value := range a.Fields {
		w.check("NextAction.Fields", name)
		w.check("NextAction.Fields", value)
	}
	w.json("NextAction", kept)
}

// json adds a value as JSON; it was checked before.
func (w *writer) json(field string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		w.refuse(field, "cannot be encoded as JSON")
	}
	w.size += len(b)
	w.addText(string(b))
}

// tooLarge refuses Changes of more than 1 MiB.
func (w *writer) tooLarge() error {
	if w.err == nil && w.size > payment.MaxChangesBytes {
		return &payment.InvalidError{Field: "Changes", Rule: fmt.Sprintf("are larger than %d MiB", payment.MaxChangesBytes>>20)}
	}
	return w.err
}
