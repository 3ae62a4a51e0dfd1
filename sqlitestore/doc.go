// Package sqlitestore keeps payments in SQLite: in one file, without a server, and without cgo.
//
//	store, err := sqlitestore.Open("/var/lib/shop/payments.db", sqlitestore.Config{})
//	if err != nil {
//		return err // a *payment.StoreError says what to do
//	}
//	defer store.Close()
//	svc, err := payment.NewService(store, payment.Config{Providers: providers})
//
// It is the store to begin with: durable, on one machine. A commit that has returned is on the disk (journal_mode WAL, synchronous FULL) and
// outlives the process and the machine's power. Any number of processes of that machine may have the file open. Go on to a server when
// several machines have to write.
//
// # How it works
//
// SQLite has one writer at a time, and what a commit costs is the disk's fsync. Writes that wait for each other therefore share one: whoever
// comes first writes, and whatever has come meanwhile, up to 64 writes, goes into the next transaction. Each keeps its own verdict, nobody waits
// for others to come, and nobody waits longer than its context, but that whoever writes first stays until its transaction has ended. Readers
// never wait for the writer. A commit waits for one of them at the most, which loads what a step needs, or up to 20 rows of one collection: while nobody
// writes, that one has the writer's connection (but not on a host's database), which knows the pages of its own commits, where any other connection reads all
// of them anew. It takes a tenth of a millisecond as a rule, some milliseconds where rows are large, and is not interrupted.
//
// Rows are found by the indexes that [payment.Filter] documents; amounts are decimals as text, and times microseconds. The tables begin with
// payment_ and can be read by anybody. Write to them only through this package. They need no statistics (ANALYZE, PRAGMA optimize), and those of a
// file with more than a handful of payments do no harm.
//
// # With rows of your own
//
// Where orders and payments live in one file, [New] takes the host's database, and [Store.WithTx] joins a transaction of the host: the order
// and its payment collection are stored together or not at all. The other way round, [Store.Deliver] hands events to a function whose
// writes are committed along with the note that the event is delivered, so that each has its effect exactly once.
//
//	db, err := sql.Open("sqlite", "file:shop.db?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
//	…
//	if err := sqlitestore.Migrate(ctx, db); err != nil { … }
//	store, err := sqlitestore.New(db, sqlitestore.Config{})
//
// # The file
//
// Beside payments.db there are payments.db-wal and payments.db-shm while it is open. They belong together: never copy, move or delete one of
// them alone. The log is taken over into the file every 1,000 pages or so, and when the last process closes it. While somebody reads in one long
// transaction, it grows; afterwards it is cut to 16 MB (on a host's database, by the host's own journal_size_limit).
//
//   - Backup: "VACUUM INTO 'copy.db'" in SQL, or ".backup copy.db" in the sqlite3 shell, both while the shop runs. A copy of the file made by
//     other means is good only while no process has it open.
//   - The directory must be on a disk of this machine. Network file systems (NFS, SMB) have neither the locks nor the shared memory that a
//     log needs: [Open] refuses where it notices, and it may not notice.
//   - [Open] creates the file with mode 0600, since it holds what providers keep secret and what is known of shoppers. SQLite gives the files
//     beside it the same mode. This process must be able to write to the directory.
//   - Size: about 10 KB for a payment with its session, one capture, one refund and their events, indexes included; more with
//     large Data. Nothing is ever deleted. SQLite itself ends at 281 TB, backups become tedious long before.
//
// # When it does not work
//
// A [*payment.StoreError] says why and what to do: the tables are missing, or of another version; the disk is full; the file is read-only,
// gone, or no database; another process keeps it locked for longer than [Config].BusyTimeout. A row that cannot be read is named, never
// quoted, and all others can be read.
package sqlitestore
