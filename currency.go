package payment

// isoDigits returns the digits of a currency's minor unit as ISO 4217 gives them.
//
// In use is what list one ("current currency & funds", published 2026-01-01) gives a minor unit; amendments 176 (XCG for ANG,
// 2025-03-31), 177 (ZWG for ZWL, 2024-09-01), 179 (XAD, 2025-05-12) and 180 (EUR for BGN, 2026-01-01) are in. Codes with the minor
// unit "N.A." (metals, SDR, units of account, XTS, XXX) are in neither half: nobody can pay in them.
//
// Withdrawn is what list three ("historic denominations", published 2026-01-01) has of the years since 2002. It names no minor unit:
// the digits are those that the code had in list one, which for BEF, ESP, GRD, ITL, LUF, PTE and ROL is 0 though coins were smaller.
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

	case "ADP", "BEF", "BYR", "ESP", "GRD", "ITL", "LUF", "MGF", "PTE", "ROL", "TPE", "TRL":
		return 0, true, true
	case "AFA", "ANG", "ATS", "AZM", "BGL", "BGN", "CSD", "CUC", "CYP", "DEM", "EEK", "FIM", "FRF", "GHC", "HRK", "IEP", "LTL",
		"LVL", "MRO", "MTL", "MZM", "NLG", "RUR", "SDD", "SIT", "SKK", "SLL", "SRG", "STD", "TMM", "USS", "VEB", "VEF", "YUM",
		"ZMK", "ZWD", "ZWL", "ZWN", "ZWR":
		return 2, true, true
	}
	return 0, false, false
}
