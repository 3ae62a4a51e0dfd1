module github.com/seed40c892db/payment/verification

go 1.26.0

require (
	github.com/anishathalye/porcupine v1.3.1
	github.com/jackc/pgx/v5 v5.12.0
	github.com/seed40c892db/payment v0.0.0
	github.com/shopspring/decimal v1.6.0
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)

require (
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	golang.org/x/sys v0.49.0 // indirect
	modernc.org/libc v1.79.0 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
	modernc.org/sqlite v1.61.1 // indirect
)

require (
	github.com/google/uuid v1.6.0
	github.com/seed40c892db/payment/pgstore v0.0.0
	github.com/seed40c892db/payment/sqlitestore v0.0.0
	github.com/seed40c892db/payment/stripeprovider v0.0.0
	github.com/stripe/stripe-go/v85 v85.0.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/seed40c892db/payment => ../

replace github.com/seed40c892db/payment/sqlitestore => ../sqlitestore

replace github.com/seed40c892db/payment/pgstore => ../pgstore

replace github.com/seed40c892db/payment/stripeprovider => ../stripeprovider
