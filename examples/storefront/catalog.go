package main

import "github.com/shopspring/decimal"

// currency is what all prices are in.
const currency = "EUR"

// most is how many of one thing a cart may hold.
const most = 9

// product is one thing that the shop sells.
type product struct {
	ID    string
	Name  string
	Words string
	Price decimal.Decimal
}

// catalog is what the shop sells. Prices are the shop's: nothing that a browser sends is ever one.
func catalog() []product {
	price := decimal.RequireFromString
	return []product{
		{"lamp", "Desk lamp", "Warm light, a heavy foot, and a switch that clicks.", price("59.00")},
		{"mug", "Mug", "Holds a third of a liter, and the heat.", price("14.90")},
		{"notebook", "Notebook", "Dotted, 160 pages, lies flat.", price("9.50")},
		{"pencils", "Six pencils", "Cedar. Soft enough to sketch with.", price("6.25")},
		{"plant", "Small plant", "Forgives a week without water.", price("18.75")},
		{"tea", "Green tea", "A tin of 100 grams, this year's harvest.", price("11.20")},
	}
}

func productOf(id string) (product, bool) {
	for _, p := range catalog() {
		if p.ID == id {
			return p, true
		}
	}
	return product{}, false
}
