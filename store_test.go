package payment

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func fullChanges() *Changes {
	in := func(id string) Entry { return Entry{ID: id, CollectionID: "c"} }
	return &Changes{
		CollectionID: "c", Collection: &PaymentCollection{ID: "c"},
		Sessions: []*PaymentSession{{ID: "1", CollectionID: "c"}, {ID: "2", CollectionID: "c"}},
		Payments: []*Payment{{ID: "1", CollectionID: "c"}, {ID: "2", CollectionID: "c"}},
		Captures: []*Capture{{Entry: in("1")}, {Entry: in("2")}}, Refunds: []*Refund{{Entry: in("1")}, {Entry: in("2")}},
		Operations: []*Operation{{ID: "1", CollectionID: "c"}, {ID: "2", CollectionID: "c"}},
		Requests: []*KeyedRequest{
			{Method: "m", Key: "1", CollectionID: "c"}, {Method: "m", Key: "2", CollectionID: "c"}, {Method: "n", Key: "1", CollectionID: "c"},
		},
		Events: []*Event{{ID: "1", CollectionID: "c"}, {ID: "2", CollectionID: "c"}},
		Due: []Due{
			{Kind: DueSession, ID: "1", CollectionID: "c"}, {Kind: DueSession, ID: "2"}, {Kind: DueOperation, ID: "1", CollectionID: "c"},
		},
	}
}

func TestChangesAreCheckedBeforeAStoreSeesThem(t *testing.T) {
	require.NoError(t, fullChanges().Check())
	for name, tt := range map[string]struct {
		spoil func(c *Changes)
		field string
		rule  string
	}{
		"no collection":          {func(c *Changes) { c.Collection = nil }, "Changes.Collection", "must not be nil"},
		"no collection's ID":     {func(c *Changes) { c.CollectionID = "" }, "Changes.CollectionID", "must not be empty"},
		"65 rows":                {func(c *Changes) { c.Due = make([]Due, MaxChangesRows-15) }, "Changes", "hold 65 rows, more than 64"},
		"a nil session":          {func(c *Changes) { c.Sessions[1] = nil }, "Changes.Sessions", "number 1 is nil"},
		"a nil payment":          {func(c *Changes) { c.Payments[0] = nil }, "Changes.Payments", "number 0 is nil"},
		"a nil capture":          {func(c *Changes) { c.Captures[0] = nil }, "Changes.Captures", "number 0 is nil"},
		"a nil refund":           {func(c *Changes) { c.Refunds[0] = nil }, "Changes.Refunds", "number 0 is nil"},
		"a nil operation":        {func(c *Changes) { c.Operations[0] = nil }, "Changes.Operations", "number 0 is nil"},
		"a nil request":          {func(c *Changes) { c.Requests[0] = nil }, "Changes.Requests", "number 0 is nil"},
		"a nil event":            {func(c *Changes) { c.Events[0] = nil }, "Changes.Events", "number 0 is nil"},
		"no session's ID":        {func(c *Changes) { c.Sessions[1].ID = "" }, "Changes.Sessions", "number 1 has no ID"},
		"no payment's ID":        {func(c *Changes) { c.Payments[0].ID = "" }, "Changes.Payments", "number 0 has no ID"},
		"no capture's ID":        {func(c *Changes) { c.Captures[0].ID = "" }, "Changes.Captures", "number 0 has no ID"},
		"no refund's ID":         {func(c *Changes) { c.Refunds[0].ID = "" }, "Changes.Refunds", "number 0 has no ID"},
		"no operation's ID":      {func(c *Changes) { c.Operations[0].ID = "" }, "Changes.Operations", "number 0 has no ID"},
		"no request's key":       {func(c *Changes) { c.Requests[0].Key = "" }, "Changes.Requests", "number 0 has no ID"},
		"no event's ID":          {func(c *Changes) { c.Events[0].ID = "" }, "Changes.Events", "number 0 has no ID"},
		"no due work's ID":       {func(c *Changes) { c.Due[2].ID = "" }, "Changes.Due", "number 2 has no ID"},
		"no due work's kind":     {func(c *Changes) { c.Due[2].Kind = "" }, "Changes.Due", "number 2 has no Kind"},
		"due work of events":     {func(c *Changes) { c.Due[2].Kind = DueEvents }, "Changes.Due", "number 2 is of events, which Changes.Events make due"},
		"a session twice":        {func(c *Changes) { c.Sessions[1].ID = "1" }, "Changes.Sessions", "number 1 is there twice"},
		"a payment twice":        {func(c *Changes) { c.Payments[1].ID = "1" }, "Changes.Payments", "number 1 is there twice"},
		"a capture twice":        {func(c *Changes) { c.Captures[1].ID = "1" }, "Changes.Captures", "number 1 is there twice"},
		"a refund twice":         {func(c *Changes) { c.Refunds[1].ID = "1" }, "Changes.Refunds", "number 1 is there twice"},
		"an operation twice":     {func(c *Changes) { c.Operations[1].ID = "1" }, "Changes.Operations", "number 1 is there twice"},
		"a request twice":        {func(c *Changes) { c.Requests[2].Method = "m" }, "Changes.Requests", "number 2 is there twice"},
		"an event twice":         {func(c *Changes) { c.Events[1].ID = "1" }, "Changes.Events", "number 1 is there twice"},
		"due work twice, unsaid": {func(c *Changes) { c.Due[1].ID = "1" }, "Changes.Due", "number 1 is there twice"},
	} {
		c := fullChanges()
		tt.spoil(c)
		err := c.Check()
		require.EqualError(t, err, fmt.Sprintf("payment: %s: %s", tt.field, tt.rule), name)
		require.ErrorIs(t, err, ErrInvalid, name)
	}
	for name, steal := range map[string]func(c *Changes){
		"the collection": func(c *Changes) { c.Collection.ID = "d" },
		"a session":      func(c *Changes) { c.Sessions[1].CollectionID = "d" },
		"a payment":      func(c *Changes) { c.Payments[1].CollectionID = "" },
		"a capture":      func(c *Changes) { c.Captures[1].CollectionID = "d" },
		"a refund":       func(c *Changes) { c.Refunds[1].CollectionID = "d" },
		"an operation":   func(c *Changes) { c.Operations[1].CollectionID = "d" },
		"a request":      func(c *Changes) { c.Requests[1].CollectionID = "d" },
		"an event":       func(c *Changes) { c.Events[1].CollectionID = "d" },
		"due work":       func(c *Changes) { c.Due[1].CollectionID = "d" },
	} {
		c := fullChanges()
		steal(c)
		require.ErrorIs(t, c.Check(), ErrDuplicate, name)
	}
	require.ErrorIs(t, (*Changes)(nil).Check(), ErrInvalid)
}
