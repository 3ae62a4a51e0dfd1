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

// OutcomeWords are the words by which an Observer is told of errors.
func OutcomeWords() (words []string) {
	for _, o := range outcomeWords() {
		if !slices.Contains(words, o.word) {
			words = append(words, o.word)
		}
	}
	return words
}
