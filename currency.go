package payment

// isoDigits returns the digits of a currency's minor unit as ISO 4217 gives them: list one ("current currency and funds code
// list", as of 2026-01-01, when BGN left it) for what is in use, list three ("codes for historic denominations") for what was
// withdrawn. Codes with the minor unit "N.A." (metals, SDR, test and no currency) are in neither.
func isoDigits(code string) (digits int, withdrawn, ok bool) {
	switch code {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0, false, true
	case "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD", "BND", "BOB", "BOV", "BRL",
		"BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CNY", "COP", "COU", "CRC", "CUP", "CVE", "CZK",
		"DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD",
		"HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES", "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR",
		"LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN",
		"NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR",
		"SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT",
		"TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "USN", "UYU", "UZS", "VED", "VES", "WST", "XAD", "XCD", "XCG", "YER",
		"ZAR", "ZMW", "ZWG":
		return 2, false, true
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3, false, true
	case "CLF", "UYW":
		return 4, false, true

	case "BYR", "ESP", "ITL", "LUF", "BEF", "TRL":
		return 0, true, true
	case "AFA", "ANG", "ATS", "AZM", "BGN", "CSD", "CUC", "CYP", "DEM", "EEK", "FIM", "FRF", "GHC", "GRD", "HRK", "IEP", "LTL",
		"LVL", "MRO", "MTL", "MZM", "NLG", "PTE", "ROL", "SDD", "SIT", "SKK", "SLL", "STD", "TMM", "VEB", "VEF", "ZMK", "ZWD",
		"ZWL", "ZWN", "ZWR":
		return 2, true, true
	}
	return 0, false, false
}
