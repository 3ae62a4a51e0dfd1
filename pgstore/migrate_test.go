package pgstore_test

import (
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/pgstore"
)

func TestMigrateFromManyAtOnce(t *testing.T) {
	ctx := t.Context()
	dsn := database(t, "template0")
	var all sync.WaitGroup
	for range 8 {
		pool := connect(t, dsn, prepared)
		all.Go(func() {
			for range 2 {
				if err := pgstore.Migrate(ctx, pool, pgstore.Config{}); err != nil {
					t.Error(err)
				}
			}
			s, err := pgstore.New(pool, pgstore.Config{})
			if err == nil {
				_, err = s.Settings(ctx)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var versions int
	require.NoError(t, connect(t, dsn).QueryRow(ctx, "SELECT count(*) FROM payment.schema_version").Scan(&versions))
	require.Equal(t, 3, versions)
}

func TestMigrateRefusesANewerSchema(t *testing.T) {
	_, pool := open(t)
	_, err := pool.Exec(t.Context(), "INSERT INTO payment.schema_version (version) VALUES (4)")
	require.NoError(t, err)
	problem(t, pgstore.Migrate(t.Context(), pool, pgstore.Config{}), payment.StoreTooNew)
}

func TestSchemasAreApart(t *testing.T) {
	ctx := t.Context()
	_, pool := open(t)
	cfg := pgstore.Config{Schema: "shop_2"}
	require.NoError(t, pgstore.Migrate(ctx, pool, cfg))
	first, err := pgstore.New(pool, pgstore.Config{})
	require.NoError(t, err)
	second, err := pgstore.New(pool, cfg)
	require.NoError(t, err)
	require.NoError(t, first.Commit(ctx, changes(1, 0, 1)))
	_, err = second.Load(ctx, payment.Key{CollectionID: id("paycol", 1)})
	require.ErrorIs(t, err, payment.ErrNotFound)
	require.NoError(t, second.Commit(ctx, changes(1, 0, 1)))
}

// TestRunOwnMigrations does what the comment of Migrations says, as a role that may do nothing else afterwards.
func TestRunOwnMigrations(t *testing.T) {
	ctx := t.Context()
	pool := connect(t, database(t, "template0"))
	_, err := pool.Exec(ctx, "CREATE SCHEMA payment")
	require.NoError(t, err)
	err = fs.WalkDir(pgstore.Migrations(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		sql, err := fs.ReadFile(pgstore.Migrations(), path)
		require.NoError(t, err)
		_, err = pool.Exec(ctx, "BEGIN; SET LOCAL search_path TO payment;"+string(sql)+"; COMMIT")
		return err
	})
	require.NoError(t, err)
	s, err := pgstore.New(pool, pgstore.Config{})
	require.NoError(t, err)
	require.NoError(t, s.Commit(ctx, changes(1, 0, 1)))
	require.NoError(t, pgstore.Migrate(ctx, pool, pgstore.Config{}))
}

// TestOpenOperationsAreMigrated begins with the tables of version 2, which had one of its own for operations that are open or need attention.
func TestOpenOperationsAreMigrated(t *testing.T) {
	ctx := t.Context()
	pool := connect(t, database(t, "template0"))
	_, err := pool.Exec(ctx, "CREATE SCHEMA payment")
	require.NoError(t, err)
	for _, name := range []string{"0001_tables.sql", "0002_without_checks.sql"} {
		sql, err := fs.ReadFile(pgstore.Migrations(), name)
		require.NoError(t, err)
		_, err = pool.Exec(ctx, "BEGIN; SET LOCAL search_path TO payment;"+string(sql)+"; COMMIT")
		require.NoError(t, err)
	}
	for i, state := range []string{"open", "needs_attention", "succeeded"} {
		_, err = pool.Exec(ctx, `INSERT INTO payment.operations (id, collection_id, session_id, provider_id, kind, state, amount, currency_code, final, held,
			reference, reason_id, reason_code, note, created_by, tries, executor, code, message, resolution, resolved_by, resolved_note, created_at)
			VALUES ($1, 'paycol', 'payses', 'acme', 'capture', $2, 1, 'EUR', false, 0, '', '', '', '', '', 1, '', '', '', '', '', '', $3)`,
			fmt.Sprint("op", i), state, noon)
		require.NoError(t, err)
		if state != "succeeded" {
			_, err = pool.Exec(ctx, "INSERT INTO payment.open_operations (id, state, created_at) VALUES ($1, $2, $3)", fmt.Sprint("op", i), state, noon)
			require.NoError(t, err)
		}
	}
	_, err = pool.Exec(ctx, "INSERT INTO payment.due (kind, id, collection_id, at, tries) VALUES ('operation', 'op0', 'paycol', $1, 2)", noon)
	require.NoError(t, err)

	require.NoError(t, pgstore.Migrate(ctx, pool, pgstore.Config{}))
	s, err := pgstore.New(pool, pgstore.Config{})
	require.NoError(t, err)
	for state, want := range map[payment.OperationState]string{payment.OperationOpen: "op0", payment.OperationNeedsAttention: "op1"} {
		rows, err := s.List(ctx, payment.RowOperations, payment.Filter{State: string(state)}, payment.Page{Limit: 5})
		require.NoError(t, err)
		require.Len(t, rows.Operations, 1, state)
		require.Equal(t, want, rows.Operations[0].ID)
	}
	due, err := s.Claim(ctx, payment.DueOperation, noon, noon.Add(time.Hour), 5)
	require.NoError(t, err)
	require.Equal(t, []payment.Due{{Kind: payment.DueOperation, ID: "op0", CollectionID: "paycol", At: noon.Add(time.Hour), Tries: 2}}, due)
}

// TestMigrateOverOtherTables leaves the tables of somebody else alone, and says so.
func TestMigrateOverOtherTables(t *testing.T) {
	pool := connect(t, database(t, "template0"))
	_, err := pool.Exec(t.Context(), "CREATE SCHEMA shop; CREATE TABLE shop.collections (id int)")
	require.NoError(t, err)
	err = pgstore.Migrate(t.Context(), pool, pgstore.Config{Schema: "shop"})
	var e *payment.StoreError
	require.ErrorAs(t, err, &e)
	require.Equal(t, payment.StoreNotMigrated, e.Problem)
	require.Contains(t, e.Advice, "tables of somebody else")
	var left int
	require.NoError(t, pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'shop'").Scan(&left))
	require.Equal(t, 1, left)
}

func TestMigrateFromManyAtOnceInSnapshots(t *testing.T) {
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			ctx, dsn := t.Context(), database(t, "template0")
			snapshots := func(cfg *pgxpool.Config) { cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = level }
			var pools []*pgxpool.Pool
			for range 8 {
				pools = append(pools, connect(t, dsn, snapshots))
				require.NoError(t, pools[len(pools)-1].Ping(ctx))
			}
			var all sync.WaitGroup
			for _, pool := range pools {
				all.Go(func() {
					if err := pgstore.Migrate(ctx, pool, pgstore.Config{}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		})
	}
}
