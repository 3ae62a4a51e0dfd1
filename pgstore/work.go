package pgstore

import (
	"slices"
	"strings"
	"time"

	"github.com/seed40c892db/payment"
)

// work is a row of due, which says when something is due, and of an operation also that it is open or needs attention.
type work struct {
	payment.Due
	state     payment.OperationState // empty when it is neither
	createdAt time.Time              // likewise zero
}

// works are what a commit makes of the rows of due, by what it knows of them: an operation's state, when it is due, or both, as when an
// operation begins or ends.
type works struct {
	whole    []work        // state and time
	open     []work        // the state alone; when it is due stays
	at       []payment.Due // the time alone; the state stays
	finished []payment.Due // neither is left: the row goes

	// These two the Service never asks for. Where they leave neither, a row stays that nothing finds.
	unopened []payment.Due // an operation has ended; when it is due stays
	stopped  []payment.Due // an operation is no longer due; its state stays
}

// worksOf sorts what is due by its keys, since that is also claimed and finished by others, who know no collection.
func worksOf(c *payment.Changes) *works {
	due := c.Due
	if len(due) > 1 {
		due = slices.Clone(due)
		slices.SortFunc(due, func(a, b payment.Due) int { return strings.Compare(string(a.Kind)+a.ID, string(b.Kind)+b.ID) })
	}
	w := &works{}
	for _, o := range c.Operations {
		i := slices.IndexFunc(due, func(d payment.Due) bool { return d.Kind == payment.DueOperation && d.ID == o.ID })
		row := work{Due: payment.Due{Kind: payment.DueOperation, CollectionID: c.CollectionID, ID: o.ID}}
		if i >= 0 {
			row.Due = due[i]
		}
		switch o.State {
		case payment.OperationOpen, payment.OperationNeedsAttention:
			if row.state, row.createdAt = o.State, o.CreatedAt; i >= 0 {
				w.whole = append(w.whole, row)
			} else {
				w.open = append(w.open, row)
			}
		default:
			switch {
			case i < 0:
				w.unopened = append(w.unopened, row.Due)
			case row.At.IsZero():
				w.finished = append(w.finished, row.Due)
			default:
				w.whole = append(w.whole, row)
			}
		}
	}
	for i := range due {
		d := due[i]
		switch {
		case d.Kind == payment.DueOperation && slices.ContainsFunc(c.Operations, func(o *payment.Operation) bool { return o.ID == d.ID }):
		case !d.At.IsZero():
			w.at = append(w.at, d)
		case d.Kind == payment.DueOperation:
			w.stopped = append(w.stopped, d)
		default:
			w.finished = append(w.finished, d)
		}
	}
	return w
}

// works writes the rows in the order in which the statement of a commit takes them.
func (w *writer) works(of *works) {
	for i := range of.whole {
		w.due(&of.whole[i].Due)
		w.opened(&of.whole[i])
	}
	for i := range of.open {
		row := &of.open[i]
		w.begin("Due", 3)
		w.text("Kind", string(row.Kind))
		w.text("ID", row.ID)
		w.owner(row.CollectionID)
		w.opened(row)
	}
	for i := range of.at {
		w.due(&of.at[i])
	}
	for _, list := range [][]payment.Due{of.unopened, of.stopped, of.finished} {
		for i := range list {
			w.text("Due.Kind", string(list[i].Kind))
			w.text("Due.ID", list[i].ID)
		}
	}
}

func (w *writer) opened(row *work) {
	w.unique("State", string(row.state))
	w.stamp(row.createdAt)
}

// openedColumns are those of due that say that an operation is open.
func openedColumns() []column { return columns(unique, "state", stamp, "created_at") }

// workTable is due with all of its columns but newest, which is for events.
func workTable() table {
	t := dueTable()
	t.columns = append(t.columns, openedColumns()...)
	return t
}

// openedTable is due without when something is due.
func openedTable() table {
	return table{"due", []string{"kind", "id"}, append(columns(text, "kind id collection_id"), openedColumns()...)}
}
