module github.com/seed40c892db/payment/stripeprovider

go 1.26.0

require (
	github.com/seed40c892db/payment v0.1.0
	github.com/shopspring/decimal v1.6.0
	github.com/stretchr/testify v1.12.1
	github.com/stripe/stripe-go/v85 v85.0.0
)

require (
	github.com/google/uuid v1.6.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)

replace github.com/seed40c892db/payment => ../
