package payment

import (
	"context"
	"slices"
)

// AskForTest asks the gateway about a session without an operation, as news from outside would make it do.
func (s *Service) AskForTest(ctx context.Context, sessionID string) error {
	b, err := s.load(ctx, Key{SessionID: sessionID})
	if err != nil || b.openOperation() != nil {
		return err
	}
	_, _, err = s.inquire(ctx, b, inquiry{limit: s.cfg.CallTimeout})
	return err
}

// KeptForTest returns the rows that the Service keeps of collections that it has written, those of each once.
func (s *Service) KeptForTest() []*Rows {
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	seen := map[*book]bool{}
	var all []*Rows
	for _, half := range []map[string]*slot{s.shelf.now, s.shelf.old} {
		for _, k := range half {
			b := k.book
			if b == nil || seen[b] {
				continue
			}
			seen[b] = true
			rows := &Rows{Collections: []*PaymentCollection{b.collection}, Captures: b.captures, Refunds: b.refunds}
			if b.session != nil {
				rows.Sessions = []*PaymentSession{b.session}
			}
			if b.payment != nil {
				rows.Payments = []*Payment{b.payment}
			}
			all = append(all, rows)
		}
	}
	return all
}

// ShelfForTest returns by how many IDs rows are kept.
func (s *Service) ShelfForTest() int {
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	return len(s.shelf.now) + len(s.shelf.old)
}

// OutcomeWords are the words by which an Observer is told of errors.
func OutcomeWords() (words []string) {
	for _, o := range outcomeWords() {
		if !slices.Contains(words, o.word) {
			words = append(words, o.word)
		}
	}
	return words
}
