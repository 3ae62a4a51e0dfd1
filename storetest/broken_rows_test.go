package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
	"github.com/shopspring/decimal"
)

func brokenRows() []brokenStore {
	return []brokenStore{
		{
			"drops NextAction", []string{"Rows/every field of every row", "Rows/data"},
			afterLoad(eachRow(func(r any) {
				if s, ok := r.(*payment.PaymentSession); ok {
					s.NextAction = nil
				}
			})),
		},
		{
			"lists refunds without their notes", []string{"Rows/every field in lists"},
			afterList(func(r *payment.Rows) {
				for _, r := range r.Refunds {
					r.Note = ""
				}
			}),
		},
		{
			"makes empty maps of nil ones", []string{"Rows/zero fields", "Rows/data"},
			afterLoad(func(r *payment.Rows) {
				for _, c := range r.Collections {
					if c.Metadata == nil {
						c.Metadata = payment.Data{}
					}
				}
			}),
		},
		{"trims spaces", []string{"Rows/texts"}, afterLoad(eachRow(onField(func(v reflect.Value) {
			if v.Kind() == reflect.String {
				v.SetString(strings.TrimSpace(v.String()))
			}
		})))},
		{"composes letters and accents", []string{"Rows/texts"}, afterLoad(eachRow(onField(func(v reflect.Value) {
			if v.Kind() == reflect.String {
				v.SetString(strings.ReplaceAll(v.String(), "e\u0301", "\u00e9"))
			}
		})))},
		{"loses microseconds", []string{"Rows/times", "Rows/every field of every row"}, afterLoad(eachRow(onTimes(func(t time.Time) time.Time {
			return t.Truncate(time.Millisecond)
		})))},
		{"returns times in the zone of its server", []string{"Rows/times", "Rows/zero fields"}, afterLoad(eachRow(onTimes(func(t time.Time) time.Time {
			return t.In(time.FixedZone("CET", 3600))
		})))},
		{"keeps nanoseconds", []string{"Rows/times"}, keepsNanoseconds},
		{"keeps decimals as floats", []string{"Rows/decimals"}, afterLoad(eachRow(onField(func(v reflect.Value) {
			if d, ok := v.Interface().(decimal.Decimal); ok {
				v.Set(reflect.ValueOf(decimal.NewFromFloat(d.InexactFloat64())))
			}
		})))},
		{"keeps two decimals", []string{"Rows/decimals"}, afterLoad(eachRow(onField(func(v reflect.Value) {
			if d, ok := v.Interface().(decimal.Decimal); ok {
				v.Set(reflect.ValueOf(d.Truncate(2)))
			}
		})))},
		{"keeps numbers in data as floats", []string{"Rows/numbers in data", "Rows/data"}, afterLoad(eachRow(onField(func(v reflect.Value) {
			if d, ok := v.Interface().(payment.Data); ok {
				v.Set(reflect.ValueOf(payment.Data(asFloats(map[string]any(d)).(map[string]any))))
			}
		})))},
		{"cuts long texts in data", []string{"Rows/large data"}, afterLoad(func(r *payment.Rows) {
			for _, s := range r.Sessions {
				if text, ok := s.Data["text"].(string); ok {
					s.Data["text"] = text[:min(len(text), 32<<10)]
				}
			}
		})},
		{"drops Private", []string{"Rows/private", "Rows/every field of every row"}, afterLoad(func(r *payment.Rows) {
			for _, s := range r.Sessions {
				s.Private = payment.Private{}
			}
		})},
		{"returns payments with their captures", []string{"Rows/payments without their movements"}, afterLoad(func(r *payment.Rows) {
			for _, p := range r.Payments {
				p.Captures = r.Captures
			}
		})},
		{"joins what a person accepted with commas", []string{"Rows/texts"}, afterLoad(onSessions(func(s *payment.PaymentSession) {
			s.Accepted = strings.FieldsFunc(strings.Join(s.Accepted, ","), func(r rune) bool { return r == ',' })
		}))},
		{"makes an empty list of what nobody accepted", []string{"Rows/zero fields"}, afterLoad(onSessions(func(s *payment.PaymentSession) {
			if s.Accepted == nil {
				s.Accepted = []string{}
			}
		}))},
		{"never empties a list", []string{"Rows/zero fields"}, keepsAccepted},
		{"shares lists with the caller of Commit", []string{"Rows/copied into Commit"}, sharesAccepted(true)},
		{"shares lists with the caller of Load", []string{"Rows/copied out of Load"}, sharesAccepted(false)},
		{"shares maps with the caller of Commit", []string{"Rows/copied into Commit"}, sharesIn},
		{"changes the version in the caller's row", []string{"Rows/unchanged by Commit"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				err := s.Commit(ctx, c)
				c.Collection.Version++
				return err
			},
		}.wrap},
		{"sorts the caller's metadata", []string{"Rows/unchanged by Commit"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				err := s.Commit(ctx, c)
				for _, s := range c.Sessions {
					s.Metadata["sorted"] = true
				}
				return err
			},
		}.wrap},
		{"shares rows with the caller of Load", []string{"Rows/copied out of Load"}, sharesOut},
		{"shares maps with the caller of List", []string{"Rows/copied out of List"}, sharesOutOfList},
	}
}

// onSessions returns a change of every session that is returned.
func onSessions(f func(*payment.PaymentSession)) func(*payment.Rows) {
	return func(r *payment.Rows) {
		for _, s := range r.Sessions {
			f(s)
		}
	}
}

// keepsAccepted takes an empty list for one that was not given.
func keepsAccepted(s payment.Store) payment.Store {
	var kept []string
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		other := copyChanges(c)
		for _, s := range other.Sessions {
			if len(s.Accepted) > 0 {
				kept = slices.Clone(s.Accepted)
			}
			s.Accepted = kept
		}
		return s.Commit(ctx, other)
	}}.wrap(s)
}

// sharesAccepted returns the caller's own list, or the same one every time.
func sharesAccepted(in bool) wrapper {
	return func(s payment.Store) payment.Store {
		var kept []string
		return broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				if in {
					kept = c.Sessions[0].Accepted
				}
				return s.Commit(ctx, c)
			},
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				r, err := s.Load(ctx, by)
				if err == nil {
					if kept == nil {
						kept = r.Sessions[0].Accepted
					}
					r.Sessions[0].Accepted = kept
				}
				return r, err
			},
		}.wrap(s)
	}
}

// onField returns a change of every value in a row.
func onField(f func(reflect.Value)) func(any) {
	return func(row any) {
		visitRow(row, func(_ string, v reflect.Value) bool {
			f(v)
			switch v.Interface().(type) {
			case time.Time, decimal.Decimal, payment.Private, payment.Data:
				return false
			}
			return true
		})
	}
}

func onTimes(f func(time.Time) time.Time) func(any) {
	return onField(func(v reflect.Value) {
		if t, ok := v.Interface().(time.Time); ok {
			v.Set(reflect.ValueOf(f(t)))
		}
	})
}

func asFloats(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, x := range v {
			m[k] = asFloats(x)
		}
		return m
	case []any:
		l := slices.Clone(v)
		for i, x := range l {
			l[i] = asFloats(x)
		}
		return l
	case json.Number:
		f, _ := v.Float64()
		return f
	}
	return v
}

func keepsNanoseconds(s payment.Store) payment.Store {
	var created time.Time
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			created = c.Collection.CreatedAt.UTC()
			return s.Commit(ctx, c)
		},
		load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
			r, err := s.Load(ctx, by)
			if err == nil {
				r.Collections[0].CreatedAt = created
			}
			return r, err
		},
	}.wrap(s)
}

func sharesIn(s payment.Store) payment.Store {
	var metadata payment.Data
	return broken{
		commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
			metadata = c.Sessions[0].Metadata
			return s.Commit(ctx, c)
		},
		load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
			r, err := s.Load(ctx, by)
			if err == nil {
				r.Sessions[0].Metadata = metadata
			}
			return r, err
		},
	}.wrap(s)
}

func sharesOut(s payment.Store) payment.Store {
	kept := map[payment.Key]*payment.Rows{}
	return broken{load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
		if kept[by] == nil {
			r, err := s.Load(ctx, by)
			if err != nil {
				return nil, err
			}
			kept[by] = r
		}
		// The lists are copied, the rows in them are not.
		r := *kept[by]
		r.Collections, r.Sessions, r.Payments = slices.Clone(r.Collections), slices.Clone(r.Sessions), slices.Clone(r.Payments)
		r.Captures, r.Refunds = slices.Clone(r.Captures), slices.Clone(r.Refunds)
		r.Operations, r.Requests = slices.Clone(r.Operations), slices.Clone(r.Requests)
		return &r, nil
	}}.wrap(s)
}

func sharesOutOfList(s payment.Store) payment.Store {
	kept := map[string]payment.Data{}
	return broken{list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
		r, err := s.List(ctx, kind, f, p)
		if err != nil {
			return r, err
		}
		for _, p := range r.Payments {
			if kept[p.ID] == nil {
				kept[p.ID] = p.Data
			}
			p.Data = kept[p.ID]
		}
		return r, nil
	}}.wrap(s)
}

func brokenContexts() []brokenStore {
	on := context.WithoutCancel
	errLate := errors.New("too late")
	return []brokenStore{
		{"loads without its context", []string{"Context/Load"}, broken{
			load: func(ctx context.Context, s payment.Store, by payment.Key) (*payment.Rows, error) {
				return s.Load(on(ctx), by)
			},
		}.wrap},
		{"commits without its context", []string{"Context/Commit"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error { return s.Commit(on(ctx), c) },
		}.wrap},
		{"commits and then looks at its context", []string{"Context/Commit writes nothing"}, broken{
			commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
				return errors.Join(s.Commit(on(ctx), c), ctx.Err())
			},
		}.wrap},
		{"leaves a commit that is under way when the context ends", []string{"Context/Commit under way"}, leavesCommits},
		{"lists without its context", []string{"Context/List"}, broken{
			list: func(ctx context.Context, s payment.Store, kind payment.RowKind, f payment.Filter, p payment.Page) (*payment.Rows, error) {
				return s.List(on(ctx), kind, f, p)
			},
		}.wrap},
		{"claims and then looks at its context", []string{"Context/Claim"}, broken{
			claim: func(ctx context.Context, s payment.Store, kind payment.DueKind, now, until time.Time, limit int) ([]payment.Due, error) {
				due, err := s.Claim(on(ctx), kind, now, until, limit)
				return due, errors.Join(err, ctx.Err())
			},
		}.wrap},
		{"finishes without its context", []string{"Context/Done"}, broken{
			done: func(ctx context.Context, s payment.Store, d payment.Due, again time.Time) error {
				return s.Done(on(ctx), d, again)
			},
		}.wrap},
		{"puts deliveries and then looks at its context", []string{"Context/PutDelivery"}, broken{
			putDelivery: func(ctx context.Context, s payment.Store, d *payment.Delivery) error {
				return errors.Join(s.PutDelivery(on(ctx), d), ctx.Err())
			},
		}.wrap},
		{"reads settings without its context", []string{"Context/Settings"}, broken{
			settings: func(ctx context.Context, s payment.Store) (*payment.Settings, error) { return s.Settings(on(ctx)) },
		}.wrap},
		{"puts settings and then looks at its context", []string{"Context/PutSettings"}, broken{
			putSettings: func(ctx context.Context, s payment.Store, v *payment.Settings) error {
				err := s.PutSettings(on(ctx), v)
				if ctx.Err() != nil {
					return errLate
				}
				return err
			},
		}.wrap},
	}
}

// leavesCommits tells a caller whose context ends during a commit that nothing was written, and writes it nevertheless.
func leavesCommits(s payment.Store) payment.Store {
	return broken{commit: func(ctx context.Context, s payment.Store, c *payment.Changes) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		other, written := copyChanges(c), make(chan error, 1)
		go func() {
			time.Sleep(time.Millisecond) // to the database
			written <- s.Commit(context.WithoutCancel(ctx), other)
		}()
		select {
		case err := <-written:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}}.wrap(s)
}

func brokenSettings() []brokenStore {
	return []brokenStore{
		{"has no settings at first", []string{"Settings/before the first"}, broken{
			settings: func(ctx context.Context, s payment.Store) (*payment.Settings, error) {
				v, err := s.Settings(ctx)
				if err == nil && v.Version == 0 {
					return nil, payment.ErrNotFound
				}
				return v, err
			},
		}.wrap},
		{"counts versions of settings from 0", []string{"PutSettings/versions"}, afterSettings(func(v *payment.Settings) { v.Version = max(0, v.Version-1) })},
		{"adds refund reasons instead of replacing them", []string{"PutSettings/replaces all"}, addsReasons},
		{"forgets the version of settings", []string{"PutSettings/version has moved", "Concurrency/settings"}, broken{
			putSettings: func(ctx context.Context, s payment.Store, v *payment.Settings) error {
				time.Sleep(time.Millisecond) // for others to read meanwhile
				for {
					now, err := s.Settings(ctx)
					if err != nil {
						return err
					}
					other := *v
					other.Version = now.Version
					if err := s.PutSettings(ctx, &other); !errors.Is(err, payment.ErrConflict) {
						return err
					}
				}
			},
		}.wrap},
		{"changes the version in the caller's settings", []string{"PutSettings/argument unchanged"}, broken{
			putSettings: func(ctx context.Context, s payment.Store, v *payment.Settings) error {
				err := s.PutSettings(ctx, v)
				v.Version++
				return err
			},
		}.wrap},
		{"drops a refund reason's metadata", []string{"PutSettings/every field"}, afterSettings(func(v *payment.Settings) {
			for _, r := range v.RefundReasons {
				r.Metadata = nil
			}
		})},
		{"shares settings with its callers", []string{"PutSettings/copied"}, sharesSettings},
	}
}

func afterSettings(f func(*payment.Settings)) wrapper {
	return broken{settings: func(ctx context.Context, s payment.Store) (*payment.Settings, error) {
		v, err := s.Settings(ctx)
		if err == nil {
			f(v)
		}
		return v, err
	}}.wrap
}

func addsReasons(s payment.Store) payment.Store {
	return broken{putSettings: func(ctx context.Context, s payment.Store, v *payment.Settings) error {
		now, err := s.Settings(ctx)
		if err != nil {
			return err
		}
		other := *v
		other.RefundReasons = slices.Concat(now.RefundReasons, v.RefundReasons)
		return s.PutSettings(ctx, &other)
	}}.wrap(s)
}

func sharesSettings(s payment.Store) payment.Store {
	var mu sync.Mutex
	var reasons []*payment.RefundReason
	return broken{
		putSettings: func(ctx context.Context, s payment.Store, v *payment.Settings) error {
			mu.Lock()
			defer mu.Unlock()
			reasons = slices.Clone(v.RefundReasons)
			return s.PutSettings(ctx, v)
		},
		settings: func(ctx context.Context, s payment.Store) (*payment.Settings, error) {
			mu.Lock()
			defer mu.Unlock()
			v, err := s.Settings(ctx)
			if err == nil {
				v.RefundReasons = slices.Clone(reasons)
			}
			return v, err
		},
	}.wrap(s)
}
