package pgstore

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// A server says how severe an error is in its own language.
func TestErrorsInAnotherLanguage(t *testing.T) {
	refused := &pgconn.PgError{Severity: "FEHLER", SeverityUnlocalized: "ERROR", Code: "23503"}
	require.True(t, (&round{committing: true}).broke(refused))
	require.False(t, uncertain(refused))
	ended := &pgconn.PgError{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: adminShutdown}
	require.False(t, (&round{committing: true}).broke(ended))
	require.True(t, uncertain(ended))
}
