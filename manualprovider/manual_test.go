package manualprovider_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/shopspring/decimal"
)

const (
	session = "payses_0190f4e2c0de7aaa8000000000000001"
	key     = "0190f4e2c0de7aaa8000000000000002"
)

func request(amount string) payment.Request {
	return payment.Request{IdempotencyKey: key, CollectionID: "paycol_1", SessionID: session, Amount: decimal.RequireFromString(amount),
		CurrencyCode: "USD"}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name   string
		config manualprovider.Config
		id     string // what the provider is called, or
		field  string // what is wrong
	}{
		{"zero", manualprovider.Config{}, "manual", ""},
		{"own ID", manualprovider.Config{ID: "cash-on_delivery2"}, "cash-on_delivery2", ""},
		{"longest ID", manualprovider.Config{ID: strings.Repeat("a", 64)}, strings.Repeat("a", 64), ""},
		{"too long", manualprovider.Config{ID: strings.Repeat("a", 65)}, "", "ID"},
		{"upper case", manualprovider.Config{ID: "Manual"}, "", "ID"},
		{"slash inside", manualprovider.Config{ID: "a/b"}, "", "ID"},
		{"newline at the end", manualprovider.Config{ID: "manual\n"}, "", "ID"},
		{"Data that is no JSON", manualprovider.Config{Data: payment.Data{"f": func() {}}}, "", "Data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := manualprovider.NewWithConfig(c.config)
			if c.field == "" {
				if err != nil || p.ID() != c.id {
					t.Fatalf("got %v, %v; want ID %q", p, err, c.id)
				}
				return
			}
			var invalid *payment.InvalidError
			if !errors.As(err, &invalid) || invalid.Field != c.field {
				t.Fatalf("error is %v; want an InvalidError that names %s", err, c.field)
			}
		})
	}
	if id := manualprovider.New().ID(); id != manualprovider.DefaultID {
		t.Fatalf("New has the ID %q", id)
	}
}

func TestDataIsPublishedAndCopied(t *testing.T) {
	given := payment.Data{"iban": "DE02", "lines": []any{"one"}}
	p, err := manualprovider.NewWithConfig(manualprovider.Config{Data: given})
	if err != nil {
		t.Fatal(err)
	}
	given["iban"] = "changed"
	for range 2 {
		s, err := p.Initialize(context.Background(), payment.InitializeRequest{Request: request("10")})
		if err != nil || s.Data["iban"] != "DE02" || s.Data["lines"].([]any)[0] != "one" {
			t.Fatalf("published %v, %v", s.Data, err)
		}
		s.Data["iban"] = "changed"
		s.Data["lines"].([]any)[0] = "changed"
	}
}

// TestLife goes through a session's life as the library does.
func TestLife(t *testing.T) {
	ctx := context.Background()
	p := manualprovider.New()
	r := request("10.00")

	s, err := p.Initialize(ctx, payment.InitializeRequest{Request: r})
	if err != nil || s.State != payment.SnapshotPending || s.Reference != "manual_"+session || s.Data != nil {
		t.Fatalf("Initialize: %+v, %v", s, err)
	}
	r.Reference = s.Reference

	r.Amount = decimal.RequireFromString("12.00")
	if s, err = p.Update(ctx, payment.UpdateRequest{Request: r}); err != nil || s.State != payment.SnapshotPending || !s.Amount.Equal(r.Amount) {
		t.Fatalf("Update: %+v, %v", s, err)
	}

	s, err = p.Authorize(ctx, payment.AuthorizeRequest{Request: r})
	if err != nil || s.State != payment.SnapshotAuthorized || !s.Authorized.Equal(r.Amount) || s.Movements != nil || s.Private != nil {
		t.Fatalf("Authorize: %+v, %v", s, err)
	}

	r.Amount = decimal.RequireFromString("5.00")
	s, err = p.Capture(ctx, payment.CaptureRequest{Request: r})
	if err != nil || s.State != payment.SnapshotAuthorized || s.Capturable != nil || !silent(s) {
		t.Fatalf("Capture: %+v, %v", s, err)
	}
	checkMovement(t, s, payment.MovementCapture, "manual_capture_"+key, "5")

	s, err = p.Capture(ctx, payment.CaptureRequest{Request: r, Final: true})
	if err != nil || s.Capturable == nil || !s.Capturable.IsZero() {
		t.Fatalf("final Capture: %+v, %v", s, err)
	}

	s, err = p.Refund(ctx, payment.RefundRequest{Request: r})
	if err != nil || s.State != payment.SnapshotAuthorized || s.Capturable != nil || !silent(s) {
		t.Fatalf("Refund: %+v, %v", s, err)
	}
	checkMovement(t, s, payment.MovementRefund, "manual_refund_"+key, "5")

	r.Amount = decimal.RequireFromString("12")
	s, err = p.Cancel(ctx, payment.CancelRequest{Request: r})
	if err != nil || s.State != payment.SnapshotCanceled || s.Capturable == nil || !s.Capturable.IsZero() || s.Movements != nil || !silent(s) {
		t.Fatalf("Cancel: %+v, %v", s, err)
	}
}

// silent reports whether an answer says nothing of what it cannot know: the session's amount, and what was authorized.
func silent(s payment.Snapshot) bool {
	return s.Amount.IsZero() && s.Authorized.IsZero() && s.Private == nil
}

func TestStatusCannotBeAsked(t *testing.T) {
	s, err := manualprovider.New().Status(context.Background(), payment.StatusRequest{Request: request("7")})
	if !errors.Is(err, payment.ErrUnsupported) || s.State != "" {
		t.Fatalf("%+v, %v", s, err)
	}
}

func TestContextEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p, r := manualprovider.New(), request("7")
	for name, call := range map[string]func() (payment.Snapshot, error){
		"Initialize": func() (payment.Snapshot, error) { return p.Initialize(ctx, payment.InitializeRequest{Request: r}) },
		"Authorize":  func() (payment.Snapshot, error) { return p.Authorize(ctx, payment.AuthorizeRequest{Request: r}) },
		"Update":     func() (payment.Snapshot, error) { return p.Update(ctx, payment.UpdateRequest{Request: r}) },
		"Cancel":     func() (payment.Snapshot, error) { return p.Cancel(ctx, payment.CancelRequest{Request: r}) },
		"Capture":    func() (payment.Snapshot, error) { return p.Capture(ctx, payment.CaptureRequest{Request: r}) },
		"Refund":     func() (payment.Snapshot, error) { return p.Refund(ctx, payment.RefundRequest{Request: r}) },
	} {
		s, err := call()
		if s.State != "" || !errors.Is(err, payment.ErrNotSent) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func checkMovement(t *testing.T, s payment.Snapshot, kind payment.MovementKind, reference, amount string) {
	t.Helper()
	if len(s.Movements) != 1 {
		t.Fatalf("%d movements; want one", len(s.Movements))
	}
	m := s.Movements[0]
	if m.Kind != kind || m.Reference != reference || m.IdempotencyKey != key || m.State != payment.MovementSucceeded ||
		!m.Amount.Equal(decimal.RequireFromString(amount)) {
		t.Fatalf("the movement is %+v", m)
	}
}
