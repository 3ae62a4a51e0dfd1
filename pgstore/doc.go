// Package pgstore keeps payments in PostgreSQL 15 and newer.
//
//	cfg, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
//	…
//	err = pgstore.Prepare(cfg, pgstore.Config{}) // optional: saves round trips
//	pool, err := pgxpool.NewWithConfig(ctx, cfg)
//	err = pgstore.Migrate(ctx, pool, pgstore.Config{})
//	store, err := pgstore.New(pool, pgstore.Config{})
//	svc, err := payment.NewService(store, payment.Config{Providers: providers})
//
// Any number of processes may share the tables. Each call is one round trip, commits that wait share a transaction, and the connection is given back
// before a provider is called. How many connections the pool has bounds how many steps of payments go on at a time: 4 per core of the
// server are a good start, and there is no use in more than the server can work on.
//
// # Tables
//
// They are in a schema of their own, "payment" if [Config] names no other, so that they meet no tables of the host; several merchants have a
// schema and a Service each. [Migrate] makes them and brings them up to date. Those who run migrations by other means find the files in
// [Migrations]. The tables can be read by everything that speaks SQL: amounts are numeric, in major units, times are timestamptz, and what is
// public, private or the host's own is jsonb in columns of its own. Do not write to them: the version of a collection covers all rows with
// its collection_id. Columns named private, context, input and body are for the server only, so grant others the rest.
//
// Migrate needs a role with CREATE on the database, or on the schema if that is there. All else needs less:
//
//	GRANT USAGE ON SCHEMA payment TO shop;
//	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA payment TO shop;
//
// Grant again after a Migrate that brought new tables: "ALL TABLES" are those that are there.
//
// Rows are deleted from due only. All others stay: of what a payment leaves, events and requests are the most. How long
// they are kept is for the host to decide, and to delete: events of collections whose row in due has at NULL and a seq of at least theirs,
// requests older than 30 days, and deliveries that are handled or ignored and older than 35 days.
//
// # Transactions of the host
//
// [Store.WithTx] is the same store within a transaction of the host: an order and what is owed for it are written together, or not at all.
// [Store.Deliver] is the way back: it hands events to a function of the host within a transaction, so that what the host does about them
// happens exactly once.
//
// # Durability and failover
//
// What a call has acknowledged is as durable as the server makes it: leave synchronous_commit and fsync on. Where an answer is lost, Commit
// returns [payment.ErrCommitUnknown], and the Service repeats the same commit. So it is where the connection of a call under way is ended, by an
// administrator or by a pooler: the server may still do what it was sent. For a failover, name all servers in the connection string with
// target_session_attrs=read-write, and replicate synchronously, or the newest payments are lost with the primary.
//
// After a promotion, clear synchronous_standby_names on the new primary, or its commits wait for a standby that it does not have.
//
// The store sets no time limit of its own. A server that hangs, or whose machine is gone without a word, keeps a call for as long as its
// context lasts: give every context a deadline.
//
// Behind a pooler that gives each transaction another connection, do not use Prepare, and let pgx prepare nothing either:
// default_query_exec_mode=exec.
package pgstore
