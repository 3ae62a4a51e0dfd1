// Package sqlitestore keeps payments in SQLite.
package sqlitestore
