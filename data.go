package payment

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// MaxDataBytes is the largest size of one Data map as JSON: 64 KiB.
const MaxDataBytes = 64 << 10

// maxDataDepth bounds how many maps and lists may hold each other; it also ends the walk of a map that contains itself.
const maxDataDepth = 32

// maxNumber is how many characters a number in Data may have, written without an exponent.
const maxNumber = 128

// Data is a map of JSON values: what a provider publishes about a session, a host's metadata, a browser's input.
//
// Values are nil, bool, string, numbers, []any and map[string]any. What the library hands out is normalized: every
// number is a [json.Number], so that integers of any size come back exactly, and an empty map is nil.
type Data map[string]any

// Clone returns a copy that shares nothing with d.
func (d Data) Clone() Data {
	if d == nil {
		return nil
	}
	return cloneValue(map[string]any(d)).(map[string]any)
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case Data:
		return v.Clone()
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = cloneValue(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = cloneValue(x)
		}
		return l
	}
	return v
}

// NormalizeData returns d as every store keeps it: a copy with numbers as [json.Number], written without an exponent, other Go values
// as the JSON they encode to, and nil for an empty map.
//
// The error says which value JSON cannot hold: a NaN, a function, a NUL character, text that is not UTF-8, a number that takes more
// than 128 characters when written without an exponent, maps and lists nested in more than 32 levels, or more than [MaxDataBytes].
// Remove that value and try again.
func NormalizeData(d map[string]any) (Data, error) {
	if len(d) == 0 {
		return nil, nil
	}
	size := 0
	v, err := normalizeValue(d, "", 0, &size)
	if err != nil {
		return nil, err
	}
	return v.(map[string]any), nil
}

var errDataSize = errors.New("is larger than 64 KiB as JSON")

// normalizeValue normalizes v, which depth maps and lists hold, and adds to size what it takes as encoding/json writes it.
func normalizeValue(v any, at string, depth int, size *int) (any, error) {
	switch x := v.(type) {
	case nil:
		return nil, grow(size, len("null"))
	case bool:
		if x {
			return x, grow(size, len("true"))
		}
		return x, grow(size, len("false"))
	case string:
		if err := checkText(x); err != nil {
			return nil, fmt.Errorf("%.128q %w", at, err)
		}
		return x, grow(size, jsonLen(x))
	case json.Number:
		return normalizeNumber(x, at, size)
	case int:
		return normalizeNumber(json.Number(strconv.Itoa(x)), at, size)
	case int64:
		return normalizeNumber(json.Number(strconv.FormatInt(x, 10)), at, size)
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("%.128q is %v, which JSON cannot hold", at, x)
		}
	case Data:
		return normalizeValue(map[string]any(x), at, depth, size)
	case map[string]any:
		// Braces, and a colon and a comma per pair but the last comma.
		if err := growNested(size, max(2, 1+2*len(x)), at, depth); err != nil {
			return nil, err
		}
		m := make(map[string]any, len(x))
		for _, k := range sortedKeys(x, make([]string, 0, 8)) { // sorted: of several errors always the same one
			if err := checkText(k); err != nil {
				if at == "" {
					return nil, fmt.Errorf("a key %w", err)
				}
				return nil, fmt.Errorf("a key of %.128q %w", at, err)
			}
			if err := grow(size, jsonLen(k)); err != nil {
				return nil, err
			}
			n, err := normalizeValue(x[k], joinPath(at, k), depth+1, size)
			if err != nil {
				return nil, err
			}
			m[k] = n
		}
		return m, nil
	case []any:
		if err := growNested(size, max(2, 1+len(x)), at, depth); err != nil {
			return nil, err
		}
		l := make([]any, len(x))
		for i, e := range x {
			n, err := normalizeValue(e, joinPath(at, strconv.Itoa(i)), depth+1, size)
			if err != nil {
				return nil, err
			}
			l[i] = n
		}
		return l, nil
	case Private, *Private:
		return nil, fmt.Errorf("%.128q is Private, which is never data", at)
	}
	return normalizeOther(v, at, depth, size)
}

// sortedKeys appends the keys of a map to room, which as a rule is enough for them, in order.
func sortedKeys(m map[string]any, room []string) []string {
	for k := range m {
		room = append(room, k)
	}
	slices.Sort(room)
	return room
}

// normalizeOther takes any other Go value by way of its JSON.
func normalizeOther(v any, at string, depth int, size *int) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%.128q is a %T, which JSON cannot hold", at, v)
	}
	if hasReplaced(b) {
		return nil, fmt.Errorf("%.128q %w", at, errNotText)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var plain any
	if err := dec.Decode(&plain); err != nil {
		return nil, fmt.Errorf("%.128q is a %T, whose JSON cannot be read back", at, v)
	}
	return normalizeValue(plain, at, depth, size)
}

// hasReplaced reports whether encoding/json wrote \ufffd in b, as it does for bytes that are not UTF-8.
func hasReplaced(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] == '\\' {
			if i++; bytes.HasPrefix(b[i:], []byte("ufffd")) {
				return true
			}
		}
	}
	return false
}

func normalizeNumber(n json.Number, at string, size *int) (any, error) {
	// A valid JSON text that begins with a digit or a sign and ends with a digit is a number without spaces around it.
	if n == "" || n[0] != '-' && !isDigit(n[0]) || !isDigit(n[len(n)-1]) || !json.Valid([]byte(n)) {
		return nil, fmt.Errorf("%.128q is not a number", at)
	}
	n, ok := plainNumber(n)
	if !ok {
		return nil, fmt.Errorf("%.128q is a number of more than %d characters", at, maxNumber)
	}
	return n, grow(size, len(n))
}

// plainNumber writes a number of JSON without an exponent, and without the sign of a zero: as every database returns it, so that a request
// that is repeated after a reload has the same bytes. Other numbers stay as they are written.
func plainNumber(n json.Number) (json.Number, bool) {
	s := string(n)
	if len(s) > maxNumber {
		return "", false
	}
	if !strings.ContainsAny(s, "eE") && !strings.HasPrefix(s, "-0") {
		return n, true
	}
	d, err := decimal.NewFromString(s)
	if err != nil || d.Exponent() > maxNumber || d.Exponent() < -2*maxNumber { // it could stand for gigabytes
		return "", false
	}
	s = d.String()
	return json.Number(s), len(s) <= maxNumber
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func grow(size *int, n int) error {
	if *size += n; *size > MaxDataBytes {
		return errDataSize
	}
	return nil
}

// growNested is grow for a map or list that lies in depth others.
func growNested(size *int, n int, at string, depth int) error {
	if depth >= maxDataDepth {
		return fmt.Errorf("%.128q is nested deeper than %d levels", at, maxDataDepth)
	}
	return grow(size, n)
}

// jsonLen returns how many bytes encoding/json takes for a text, quotes included.
func jsonLen(s string) int {
	n := 2
	for _, r := range s {
		switch {
		case r == '"', r == '\\', r == '\b', r == '\f', r == '\n', r == '\r', r == '\t':
			n += 2
		case r < ' ', r == '<', r == '>', r == '&', r == '\u2028', r == '\u2029':
			n += 6
		default:
			n += utf8.RuneLen(r)
		}
	}
	return n
}

var errNotText = errors.New("is not UTF-8 text")

func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return errors.New("contains a NUL character")
	}
	if !utf8.ValidString(s) {
		return errNotText
	}
	return nil
}

func isText(s string) bool { return checkText(s) == nil }

func joinPath(at, key string) string {
	if key == "" {
		key = `""` // no path is empty: that is what stands for nothing
	}
	if at == "" {
		return key
	}
	return at + "." + key
}

// equalData reports whether two maps hold the same; an empty one is as good as none.
func equalData(a, b Data) bool {
	return len(a) == 0 && len(b) == 0 || equalValue(map[string]any(a), map[string]any(b))
}

// equalValue is reflect.DeepEqual, which costs some allocations for each value. One of the two is normalized.
func equalValue(a, b any) bool {
	switch a := a.(type) {
	case nil, bool, string, json.Number:
		return a == b
	case map[string]any:
		other, ok := b.(map[string]any)
		if !ok || len(a) != len(other) {
			return false
		}
		for k, v := range a {
			w, there := other[k]
			if !there || !equalValue(v, w) {
				return false
			}
		}
		return true
	case []any:
		other, ok := b.([]any)
		return ok && slices.EqualFunc(a, other, equalValue)
	}
	return reflect.DeepEqual(a, b)
}

// Private holds what only the server may know: a provider's secrets about a session, or what the host tells a provider
// about the shopper. Its content sits behind a function, so that fmt, slog, JSON and reflection find nothing, also
// inside a host's own struct. The zero Private is empty.
//
// A function makes [reflect.DeepEqual] false: compare what Reveal returns.
type Private struct {
	reveal func() (d Data, valid bool) // the content itself, never to be changed, and whether JSON can hold it; nil when empty
}

// NewPrivate returns a Private that holds a copy of d. A value that JSON cannot hold is refused by the call that the
// Private is given to, not here.
func NewPrivate(d map[string]any) Private {
	if len(d) == 0 {
		return Private{}
	}
	kept, err := NormalizeData(d)
	if err != nil {
		// Kept as it came, shallowly, for the check to say what is wrong with it.
		kept = make(Data, len(d))
		maps.Copy(kept, d)
		return Private{reveal: func() (Data, bool) { return kept, false }}
	}
	return Private{reveal: func() (Data, bool) { return kept, true }}
}

// Reveal returns a copy of the content, nil when empty.
func (p Private) Reveal() Data {
	d, valid := p.content()
	if !valid {
		return d
	}
	return d.Clone()
}

// content is what Reveal returns a copy of, and whether it is valid. Nobody may change it.
func (p Private) content() (d Data, valid bool) {
	if p.reveal == nil {
		return nil, true
	}
	return p.reveal()
}

// shown is the content for who only reads it.
func (p Private) shown() Data {
	d, _ := p.content()
	return d
}

// holds reports whether p's content is d.
func (p Private) holds(d Data) bool { return equalData(p.shown(), d) }

// IsEmpty reports whether p holds nothing.
func (p Private) IsEmpty() bool { return p.reveal == nil }

const hidden = "[private]"

// String returns "[private]".
func (p Private) String() string { return hidden }

// GoString returns "[private]".
func (p Private) GoString() string { return hidden }

// Format writes "[private]" for every verb.
func (p Private) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, hidden) }

// LogValue logs "[private]".
func (p Private) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON writes null and never fails: the content has no public encoding.
func (p Private) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// MarshalText writes "[private]" and never fails.
func (p Private) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalJSON returns an error, always: use [NewPrivate].
func (p *Private) UnmarshalJSON([]byte) error {
	return errors.New("payment: Private cannot be read from JSON; use NewPrivate")
}

// forbiddenKey reports whether a key, by its name, holds something that belongs in Private or nowhere.
func forbiddenKey(key string) bool {
	const longest = len("primaryaccountnumber")
	name := make([]byte, 0, longest) // key in lower case, letters and digits only
	for i := range len(key) {
		c := key[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		default:
			continue
		}
		if len(name) == longest {
			return false
		}
		name = append(name, c)
	}
	switch string(name) {
	case "apikey", "secret", "secretkey", "apisecret", "privatekey", "password", "passwd", "webhooksecret", "signingsecret",
		"accesstoken", "refreshtoken", "cardnumber", "ccnumber", "creditcardnumber", "creditcard", "pan", "primaryaccountnumber",
		"cvc", "cvv", "cvc2", "cvv2", "cvn", "csc", "cid2", "cardcvc", "cardcvv", "cardsecuritycode", "securitycode",
		"track1", "track2", "trackdata", "pin", "pinblock":
		return true
	}
	return false
}

// forbiddenValue reports whether a text begins as a gateway's secret does.
func forbiddenValue(s string) bool {
	s = strings.TrimSpace(s)
	for _, prefix := range []string{"sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_", "-----BEGIN"} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// cardUnderNumber reports whether a value under a key "number" is a card number: digits in the right count with a
// right check digit. The name alone, or the digits alone, prove nothing.
func cardUnderNumber(key string, v any) bool {
	if !strings.EqualFold(key, "number") {
		return false
	}
	var text string
	switch v := v.(type) {
	case string:
		text = strings.NewReplacer(" ", "", "-", "").Replace(v)
	case json.Number:
		text = string(v)
	}
	if len(text) < 13 || len(text) > 19 {
		return false
	}
	sum := 0
	for i := range len(text) {
		digit := int(text[len(text)-1-i]) - '0'
		if digit < 0 || digit > 9 {
			return false
		}
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

// secretIn returns the path of the first forbidden key in v, and "" when there is none.
func secretIn(v any, at string) string {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v, make([]string, 0, 8)) {
			if found := secretUnder(k, v[k], joinPath(at, k)); found != "" {
				return found
			}
		}
	case []any:
		for i, x := range v {
			if found := secretIn(x, joinPath(at, strconv.Itoa(i))); found != "" {
				return found
			}
		}
	case string:
		if forbiddenValue(v) {
			return at
		}
	}
	return ""
}

// secretUnder is secretIn for a value and its key.
func secretUnder(key string, v any, at string) string {
	if forbiddenKey(key) || cardUnderNumber(key, v) {
		return at
	}
	return secretIn(v, at)
}

// callerData checks and normalizes what a caller passes in: Metadata and Input.
func callerData(field string, d map[string]any) (Data, error) {
	n, err := NormalizeData(d)
	if err != nil {
		return nil, invalid(field, err.Error())
	}
	if at := secretIn(map[string]any(n), ""); at != "" {
		return nil, invalid(field, fmt.Sprintf("%.128q looks like a secret or card data: secrets belong in Private, card data nowhere", at))
	}
	return n, nil
}

// checkContext refuses a Context whose content no store can keep.
func checkContext(p Private) error {
	if _, valid := p.content(); !valid {
		// The path could be a secret itself; the rule is enough.
		return invalid("Context", "holds a value that JSON cannot hold, or more than 64 KiB")
	}
	return nil
}

// maxDropped bounds how many dropped keys are named.
const maxDropped = 20

// publicData makes a provider's answer fit to be published. Money always settles, so nothing is refused: what cannot be
// kept is dropped, and the keys at the top that held it are returned, quoted in ASCII and sorted.
func publicData(d Data) (kept Data, dropped []string) {
	kept, err := NormalizeData(d)
	if err != nil {
		kept = make(Data, len(d))
		for k, v := range d {
			if one, err := NormalizeData(map[string]any{k: v}); err == nil {
				kept[k] = one[k]
			} else {
				dropped = append(dropped, fmt.Sprintf("%+.64q", k))
			}
		}
	}
	for k, v := range kept {
		if secretUnder(k, v, joinPath("", k)) != "" {
			delete(kept, k)
			dropped = append(dropped, fmt.Sprintf("%+.64q", k))
		}
	}
	slices.Sort(dropped)
	if more := len(dropped) - maxDropped; more > 0 {
		dropped = append(dropped[:maxDropped], fmt.Sprintf("and %d more", more))
	}
	if err != nil {
		if _, err := NormalizeData(kept); err != nil { // every value fits, all of them together do not
			return nil, append(dropped, "all: "+err.Error())
		}
	}
	if len(kept) == 0 {
		kept = nil
	}
	return kept, dropped
}
