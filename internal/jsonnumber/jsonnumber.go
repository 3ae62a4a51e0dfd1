// Package jsonnumber tells the numbers of JSON that are normal already.
package jsonnumber

import "strings"

// IsPlain reports whether s is a number of JSON as every store keeps it: a sign, digits without a leading zero, and decimals. It leaves out
// those between 0 and -1, among which is the zero that loses its sign.
func IsPlain(s string) bool {
	if strings.HasPrefix(s, "-0") {
		return false
	}
	whole, decimals, point := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	return digits(whole) && (whole[0] != '0' || whole == "0") && (!point || digits(decimals))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
