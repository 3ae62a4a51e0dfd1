// Package pgstore keeps payments in PostgreSQL 15 and newer.
package pgstore
