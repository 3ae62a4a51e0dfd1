package sqlitestore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/seed40c892db/payment"
	"github.com/stretchr/testify/require"
)

// TestPaths opens files whose names say something in a URI, and one whose name is relative to where the process no longer is.
func TestPaths(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{
		dir + "/a b?c#d%41.db", "/" + dir + "/double.db", dir + "//x.db", dir + "/é😀.db", dir + "/a&mode=memory.db", dir + `/back\slash.db`, dir + "/new\nline.db",
	} {
		s, err := Open(path, Config{})
		require.NoError(t, err, path)
		require.NoError(t, s.Commit(t.Context(), order(1)))
		require.NoError(t, s.Close())
		require.FileExists(t, path)
	}
	t.Chdir(dir)
	s := openPath(t, "relative.db", Config{})
	require.NoError(t, s.Commit(t.Context(), order(1)))
	t.Chdir(t.TempDir())
	require.NoError(t, s.Commit(t.Context(), order(2)))
	require.NoError(t, os.Remove(filepath.Join(dir, "relative.db")))
	requireProblem(t, s.Commit(t.Context(), order(3)), payment.StoreGone)
}

// TestALongReaderLeavesNoLongLog has somebody read for so long that the log grows. Afterwards it is as short as ever.
func TestALongReaderLeavesNoLongLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "payments.db")
	s := openPath(t, path, Config{})
	size := func() int64 {
		log, err := os.Stat(path + "-wal")
		require.NoError(t, err)
		return log.Size()
	}
	require.NoError(t, s.Commit(t.Context(), order(0)))
	reader, err := hostDB(t, path, "").Conn(t.Context())
	require.NoError(t, err)
	_, err = reader.ExecContext(t.Context(), "BEGIN; SELECT count(*) FROM payment_events")
	require.NoError(t, err)
	n := 1
	for ; size() < 2*maxLog; n++ {
		c := order(n)
		c.Collection.Metadata = payment.Data{"note": longText(60_000)}
		require.NoError(t, s.Commit(t.Context(), c))
	}
	_, err = reader.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	for range 3 { // copies the log into the file, begins it anew, and has it cut
		require.NoError(t, s.Commit(t.Context(), order(n)))
		n++
	}
	require.LessOrEqual(t, size(), int64(maxLog))
}
