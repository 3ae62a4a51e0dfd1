package pgstore

import (
	"fmt"
	"slices"
	"strings"
)

// form is how a column's values are written and read.
type form int

const (
	text    form = iota // text, '' when missing
	unique              // text that a unique index looks at: NULL when missing
	amount              // numeric, sent and read as text
	number              // bigint
	flag                // boolean
	stamp               // timestamptz, NULL for the zero time
	moment              // timestamptz that rows are ordered by: never NULL
	object              // jsonb, sent and read as text; NULL when empty
	list                // text[], sent as text; NULL when empty
	numbers             // bigint[], the same
)

// column is a column of a table.
type column struct {
	name string
	form form
}

// table is a table with its columns in the order in which rows are written and read.
type table struct {
	name    string
	key     []string // the columns that make a row the same row
	columns []column
}

// columns makes columns of "name form" pairs.
func columns(of ...any) []column {
	list := make([]column, 0, len(of))
	var f form
	for _, x := range of {
		switch x := x.(type) {
		case form:
			f = x
		case string:
			for name := range strings.FieldsSeq(x) {
				list = append(list, column{name, f})
			}
		}
	}
	return list
}

// selected returns what to select for a row of the table that goes by an alias.
func (t *table) selected(alias string) string {
	parts := make([]string, len(t.columns))
	for i, c := range t.columns {
		parts[i] = alias + "." + c.name
		if c.form == amount || c.form == object {
			parts[i] += "::text"
		}
	}
	return strings.Join(parts, ", ")
}

// names returns the columns' names.
func (t *table) names() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// value returns the placeholder of the n-th column, where it is the n-th parameter.
func (t *table) value(n int) string { return t.columns[n].placeholder(n + 1) }

// placeholder returns the n-th parameter as the column takes it.
func (c column) placeholder(n int) string {
	switch c.form {
	case amount:
		return fmt.Sprintf("$%d::numeric", n)
	case object:
		return fmt.Sprintf("$%d::jsonb", n)
	case list:
		return fmt.Sprintf("$%d::text[]", n)
	case numbers:
		return fmt.Sprintf("$%d::bigint[]", n)
	}
	return fmt.Sprintf("$%d", n)
}

// insert returns the statement that inserts a row.
func (t *table) insert(schema string) string {
	values := make([]string, len(t.columns))
	for i := range t.columns {
		values[i] = t.value(i)
	}
	return t.into(schema) + "(" + strings.Join(values, ", ") + ")"
}

// into is how a statement that inserts rows begins.
func (t *table) into(schema string) string {
	return fmt.Sprintf("INSERT INTO %s.%s AS x (%s) VALUES ", schema, t.name, t.names())
}

// orReplace is how a statement goes on that inserts rows, or replaces those with their keys. A row of another collection breaks the NOT NULL
// of collection_id.
func (t *table) orReplace() string {
	var sets []string
	for _, c := range t.columns {
		switch {
		case slices.Contains(t.key, c.name):
		case c.name == "collection_id":
			sets = append(sets, "collection_id = CASE WHEN x.collection_id = excluded.collection_id THEN x.collection_id END")
		default:
			sets = append(sets, c.name+" = excluded."+c.name)
		}
	}
	return fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET %s", strings.Join(t.key, ", "), strings.Join(sets, ", "))
}

// update returns the statement that replaces the row with this ID if its version is the last parameter, and returns something then. The
// version in the row is the next one.
func (t *table) update(schema string) string {
	var sets []string
	for i, c := range t.columns {
		if c.name != "id" {
			sets = append(sets, c.name+" = "+t.value(i))
		}
	}
	return fmt.Sprintf("UPDATE %s.%s SET %s WHERE id = $1 AND version = $%d RETURNING 1", schema, t.name, strings.Join(sets, ", "),
		len(t.columns)+1)
}

// must returns a statement that divides by zero where a changing one, which returns something for each row, changes none. It ends the
// whole transaction in the same round trip.
func must(change string) string { return "WITH u AS (" + change + ") SELECT 1/count(*) FROM u" }
