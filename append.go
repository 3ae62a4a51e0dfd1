package payment

import (
	"encoding/json"
	"strconv"

	"github.com/seed40c892db/payment/internal/jsonnumber"
)

// AppendData appends to b the JSON of d, as encoding/json writes what [NormalizeData] returns, and nothing for an empty map. A [Store] that
// keeps text has to take no copy of d for it. The error is that of NormalizeData; b is as it was then.
func AppendData(b []byte, d map[string]any) ([]byte, error) {
	if len(d) == 0 {
		return b, nil
	}
	if text, ok := appendPlain(b, d, 0, len(b)+MaxDataBytes); ok {
		return text, nil
	}
	normal, err := NormalizeData(d)
	if err != nil {
		return b, err
	}
	text, err := json.Marshal(normal)
	if err != nil {
		return b, err
	}
	return append(b, text...), nil
}

// AppendPrivate appends what p holds as [AppendData] does, for stores and nobody else.
func AppendPrivate(b []byte, p Private) ([]byte, error) { return AppendData(b, p.shown()) }

// appendPlain appends the JSON of what is normalized already, as all that once came out of a store. It may say no when it is so, and does
// when b would become longer than the end.
func appendPlain(b []byte, v any, depth, end int) (text []byte, ok bool) {
	switch v := v.(type) {
	case nil:
		b = append(b, "null"...)
	case bool:
		b = strconv.AppendBool(b, v)
	case string:
		if b, ok = appendText(b, v, end); !ok {
			return nil, false
		}
	case json.Number:
		if !isPlainNumber(string(v)) {
			return nil, false
		}
		b = append(b, v...)
	case map[string]any:
		if depth >= maxDataDepth {
			return nil, false
		}
		b = append(b, '{')
		for i, k := range sortedKeys(v, make([]string, 0, 8)) {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendText(b, k, end); !ok {
				return nil, false
			}
			if b, ok = appendPlain(append(b, ':'), v[k], depth+1, end); !ok {
				return nil, false
			}
		}
		b = append(b, '}')
	case []any:
		if depth >= maxDataDepth {
			return nil, false
		}
		b = append(b, '[')
		for i, x := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, ok = appendPlain(b, x, depth+1, end); !ok {
				return nil, false
			}
		}
		b = append(b, ']')
	default:
		return nil, false
	}
	return b, len(b) <= end
}

// appendText appends a text in quotes, unless b would become longer than the end.
func appendText(b []byte, s string, end int) (text []byte, ok bool) {
	if len(b)+len(s) > end { // before it is encoded, which takes a multiple of it
		return nil, false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c >= 0x80, c == '"', c == '\\', c == '<', c == '>', c == '&': // encoding/json may escape it
			quoted, err := json.Marshal(s)
			return append(b, quoted...), isText(s) && err == nil
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"'), true
}

// isPlainNumber reports whether s is a number that [plainNumber] leaves as it is. It may say no when it is so.
func isPlainNumber(s string) bool { return len(s) <= maxNumber && jsonnumber.IsPlain(s) }
