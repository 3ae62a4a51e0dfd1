package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ProviderStatus is a configured provider, whether it takes new sessions, and what can be done with its payments.
type ProviderStatus struct {
	ID            string `json:"id"`             // as the provider names itself
	Enabled       bool   `json:"is_enabled"`     // disabled ones finish what they have begun
	MultiCapture  bool   `json:"multi_capture"`  // a payment can be captured in parts; without it the first capture releases the rest
	PartialRefund bool   `json:"partial_refund"` // part of what was captured can be refunded
}

// settingsAge is how long settings are kept without asking the store: a change made by another process counts after that.
const settingsAge = 5 * time.Second

// readSettings returns the settings; they must not be changed.
func (s *Service) readSettings(ctx context.Context) (*Settings, error) {
	now := s.now()
	s.mu.Lock()
	kept, at := s.settings, s.settingsAt
	s.mu.Unlock()
	if kept != nil && now.Sub(at) < settingsAge && !now.Before(at) {
		return kept, nil
	}
	return s.freshSettings(ctx)
}

// freshSettings asks the store.
func (s *Service) freshSettings(ctx context.Context) (*Settings, error) {
	now := s.now()
	fresh, err := s.store.Settings(ctx)
	if err != nil {
		return nil, err
	}
	s.keepSettings(fresh, now)
	return fresh, nil
}

func (s *Service) keepSettings(fresh *Settings, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.settings == nil || fresh.Version >= s.settings.Version {
		s.settings, s.settingsAt = fresh, now
	}
}

// changeSettings reads, decides and writes until no conflict is left.
func (s *Service) changeSettings(ctx context.Context, decide func(*Settings) error) error {
	for {
		set, err := s.store.Settings(ctx)
		if err != nil {
			return err
		}
		if err := decide(set); err != nil {
			return err
		}
		err = s.store.PutSettings(ctx, set)
		if err == nil {
			set.Version++
			s.keepSettings(set, s.now())
			return nil
		}
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrCommitUnknown) {
			return err
		}
		s.retried(ctx, "", err)
		if err := s.again(ctx, err); err != nil {
			return err
		}
	}
}

// Providers returns the configured providers in their configured order. The error is the store's.
func (s *Service) Providers(ctx context.Context) (result []ProviderStatus, err error) {
	ctx, o := s.method(ctx, "Providers", Subject{})
	defer func() { o.returned(ctx, Subject{}, err) }()
	set, err := s.readSettings(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]ProviderStatus, len(s.order))
	for i, id := range s.order {
		info := &s.providers[id].info
		list[i] = ProviderStatus{
			ID: id, Enabled: !slices.Contains(set.DisabledProviders, id), MultiCapture: info.MultiCapture, PartialRefund: info.PartialRefund,
		}
	}
	return list, nil
}

// SetProviderEnabled switches a provider on or off for new sessions, in every process within 5 seconds. The error is an
// [*InvalidError] that names ProviderID when it is not configured, or the store's.
func (s *Service) SetProviderEnabled(ctx context.Context, providerID string, enabled bool) (err error) {
	ctx, o := s.method(ctx, "SetProviderEnabled", Subject{ProviderID: providerID})
	defer func() { o.returned(ctx, Subject{}, err) }()
	if _, err := s.gateway(providerID); err != nil {
		return err
	}
	changed := false
	err = s.changeSettings(ctx, func(set *Settings) error {
		at, disabled := slices.BinarySearch(set.DisabledProviders, providerID)
		changed = changed || enabled == disabled
		switch {
		case enabled && disabled:
			set.DisabledProviders = slices.Delete(set.DisabledProviders, at, at+1)
		case !enabled && !disabled:
			set.DisabledProviders = slices.Insert(set.DisabledProviders, at, providerID)
		}
		return nil
	})
	if err == nil && changed {
		s.cfg.Logger.InfoContext(ctx, "payment: a provider was switched on or off for new sessions", "provider_id", providerID, "enabled", enabled)
	}
	return err
}

// RefundReasonParams says what a refund reason is.
type RefundReasonParams struct {
	Code        string // required, unique: 1 to 64 letters, digits, - and _
	Label       string // required: for people, at most 255 bytes
	Description string // for people, at most 2,000 bytes
	Metadata    Data   // the host's own
}

func (p *RefundReasonParams) check() error {
	if p.Code == "" || len(p.Code) > 64 || strings.IndexFunc(p.Code, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) >= 0 {
		return invalid("Code", "must be 1 to 64 letters, digits, - and _")
	}
	if p.Label == "" {
		return invalid("Label", "is required")
	}
	if len(p.Label) > 255 || checkText(p.Label) != nil {
		return invalid("Label", "must be at most 255 bytes of UTF-8 text without NUL")
	}
	if len(p.Description) > 2000 || checkText(p.Description) != nil {
		return invalid("Description", "must be at most 2,000 bytes of UTF-8 text without NUL")
	}
	m, err := callerData("Metadata", p.Metadata)
	p.Metadata = m
	return err
}

// CreateRefundReason adds a reason that refunds can name. The error is an [*InvalidError] that names the field: a Code is taken, or
// one of the rules of [RefundReasonParams] is broken.
func (s *Service) CreateRefundReason(ctx context.Context, p RefundReasonParams) (result *RefundReason, err error) {
	ctx, o := s.method(ctx, "CreateRefundReason", Subject{})
	defer func() { o.returned(ctx, Subject{}, err) }()
	if err := p.check(); err != nil {
		return nil, err
	}
	r := &RefundReason{ID: s.mint("refr_"), Code: p.Code, Label: p.Label, Description: p.Description, Metadata: p.Metadata, CreatedAt: s.now()}
	r.UpdatedAt = r.CreatedAt
	err = s.changeSettings(ctx, func(set *Settings) error {
		if err := freeCode(set, p.Code, r.ID); err != nil {
			return err
		}
		if findReason(set, r.ID) == nil { // else an earlier try was stored after all
			set.RefundReasons = append(set.RefundReasons, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return copyReason(r), nil
}

// UpdateRefundReason replaces what a reason says. The error matches [ErrNotFound], or is an [*InvalidError] as with
// [Service.CreateRefundReason].
func (s *Service) UpdateRefundReason(ctx context.Context, id string, p RefundReasonParams) (result *RefundReason, err error) {
	ctx, o := s.method(ctx, "UpdateRefundReason", Subject{})
	defer func() { o.returned(ctx, Subject{}, err) }()
	if err := p.check(); err != nil {
		return nil, err
	}
	var r *RefundReason
	err = s.changeSettings(ctx, func(set *Settings) error {
		if r = findReason(set, id); r == nil {
			return noReason(id)
		}
		if err := freeCode(set, p.Code, id); err != nil {
			return err
		}
		r.Code, r.Label, r.Description, r.Metadata, r.UpdatedAt = p.Code, p.Label, p.Description, p.Metadata, s.now()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return copyReason(r), nil
}

// DeleteRefundReason removes a reason; refunds that name it keep its ID. The error matches [ErrNotFound], or is the store's.
func (s *Service) DeleteRefundReason(ctx context.Context, id string) (err error) {
	ctx, o := s.method(ctx, "DeleteRefundReason", Subject{})
	defer func() { o.returned(ctx, Subject{}, err) }()
	tried := false
	return s.changeSettings(ctx, func(set *Settings) error {
		if findReason(set, id) == nil {
			if tried { // an earlier try was stored after all
				return nil
			}
			return noReason(id)
		}
		tried = true
		set.RefundReasons = slices.DeleteFunc(set.RefundReasons, func(r *RefundReason) bool { return r.ID == id })
		return nil
	})
}

// GetRefundReason returns one reason. The error matches [ErrNotFound], or is the store's.
func (s *Service) GetRefundReason(ctx context.Context, id string) (result *RefundReason, err error) {
	ctx, o := s.method(ctx, "GetRefundReason", Subject{})
	defer func() { o.returned(ctx, Subject{}, err) }()
	return s.reason(ctx, id)
}

func (s *Service) reason(ctx context.Context, id string) (*RefundReason, error) {
	set, err := s.readSettings(ctx)
	if err == nil && findReason(set, id) == nil { // another process may have just created it
		set, err = s.freshSettings(ctx)
	}
	if err != nil {
		return nil, err
	}
	if r := findReason(set, id); r != nil {
		return copyReason(r), nil
	}
	return nil, noReason(id)
}

// knownReason returns a reason that a refund names.
func (s *Service) knownReason(ctx context.Context, id string) (*RefundReason, error) {
	r, err := s.reason(ctx, id)
	if errors.Is(err, ErrNotFound) {
		err = invalid("ReasonID", fmt.Sprintf("%.80q is not the ID of a refund reason", id))
	}
	return r, err
}

// ListRefundReasons returns all reasons in the order in which they were created. The error is the store's.
func (s *Service) ListRefundReasons(ctx context.Context) (result []*RefundReason, err error) {
	ctx, o := s.method(ctx, "ListRefundReasons", Subject{})
	defer func() { o.returned(ctx, Subject{}, err) }()
	set, err := s.readSettings(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]*RefundReason, len(set.RefundReasons))
	for i, r := range set.RefundReasons {
		list[i] = copyReason(r)
	}
	return list, nil
}

// rowReasons names refund reasons in errors; they are part of the settings, and no rows of their own.
const rowReasons RowKind = "refund_reasons"

// noReason says that there is no such reason, or that none was named.
func noReason(id string) error {
	if id == "" {
		return invalid("ReasonID", "is required")
	}
	return &NotFoundError{rowReasons, id}
}

func findReason(set *Settings, id string) *RefundReason {
	for _, r := range set.RefundReasons {
		if r.ID == id {
			return r
		}
	}
	return nil
}

func freeCode(set *Settings, code, id string) error {
	for _, r := range set.RefundReasons {
		if r.Code == code && r.ID != id {
			return invalid("Code", fmt.Sprintf("%q is taken by another refund reason", code))
		}
	}
	return nil
}

func copyReason(r *RefundReason) *RefundReason {
	c := *r
	c.Metadata = r.Metadata.Clone()
	return &c
}
