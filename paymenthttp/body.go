package paymenthttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/seed40c892db/payment"
)

// bodyLimit is how large a body may be: a Data of the largest size, and what is around it.
const bodyLimit = payment.MaxDataBytes + 16<<10

// amount reads a number in major units, exactly as it is written.
type amount struct{ decimal.Decimal }

// UnmarshalJSON takes a number without an exponent.
func (a *amount) UnmarshalJSON(b []byte) error {
	if len(b) > 64 || bytes.IndexFunc(b, func(r rune) bool { return r != '-' && r != '.' && (r < '0' || r > '9') }) >= 0 {
		return errors.New("must be a number of at most 64 characters, without an exponent")
	}
	d, err := decimal.NewFromString(string(b))
	a.Decimal = d
	return err
}

// pointer returns nil for an amount that was not sent.
func (a *amount) pointer() *decimal.Decimal {
	if a == nil {
		return nil
	}
	return &a.Decimal
}

// readBody reads a JSON object of which only these fields may be there; a body that is empty is one without fields. It refuses names that
// are not known, also those that differ in their case alone, and whatever follows the object.
func readBody(r *http.Request, fields map[string]any) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyError(err)
	}
	if len(b) == 0 {
		return nil
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return &httpError{status: http.StatusUnsupportedMediaType, kind: typeInvalid, code: "unsupported_media_type",
			message: "the body must be application/json"}
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(b, &sent); err != nil || sent == nil {
		return &httpError{status: http.StatusBadRequest, kind: typeInvalid, code: "malformed_json", message: "the body must be one JSON object"}
	}
	for _, name := range slices.Sorted(maps.Keys(sent)) {
		into, ok := fields[name]
		if !ok {
			return badField(name, "is not known here")
		}
		dec := json.NewDecoder(bytes.NewReader(sent[name]))
		dec.UseNumber()
		if err := dec.Decode(into); err != nil {
			if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
				return badField(name, "must not be a JSON "+wrong.Value)
			}
			return badField(name, err.Error())
		}
	}
	return nil
}

func bodyError(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &httpError{status: http.StatusRequestEntityTooLarge, kind: typeInvalid, code: "too_large",
			message: fmt.Sprintf("the body is larger than %d KiB", tooLarge.Limit>>10)}
	}
	return &httpError{status: http.StatusBadRequest, kind: typeInvalid, code: "unreadable", message: "the body could not be read", cause: err}
}

func badField(name, rule string) error {
	return &httpError{status: http.StatusBadRequest, kind: typeInvalid, code: "invalid", field: fmt.Sprintf("%.80s", name),
		message: fmt.Sprintf("%.80s: %s", name, rule)}
}

// input checks what a browser sent along for the provider.
func (c *Config) input(data payment.Data) error {
	back, sent := data["return_url"]
	if !sent {
		return nil
	}
	if text, ok := back.(string); !ok || !c.mayReturn(text) {
		return badField("data.return_url", "is not a URL that this shop returns to")
	}
	return nil
}

// paging reads limit, offset and order of a list, and refuses a query that is not known, and a filter that is empty: one that is passed over would show
// too much. Only a filter of nil is passed over.
func paging(r *http.Request, p *payment.ListParams, filters map[string]*string) (limit, offset int, err error) {
	limit = 20
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return 0, 0, badField("query", "cannot be read")
	}
	for name, values := range query {
		value := values[0]
		into, known := filters[name]
		switch {
		case len(values) > 1:
			return 0, 0, badField(name, "must be there once")
		case name == "limit" || name == "offset":
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 || name == "limit" && (n < 1 || n > 100) || n > 10_000 {
				return 0, 0, badField(name, map[string]string{"limit": "must be 1 to 100", "offset": "must be 0 to 10000"}[name])
			}
			if name == "limit" {
				limit = n
			} else {
				offset = n
			}
		case name == "order":
			if strings.TrimPrefix(value, "-") != "created_at" {
				return 0, 0, badField(name, "must be created_at or -created_at")
			}
			p.Descending = value[0] == '-'
		case name == "fields": // all fields are there
		case !known:
			return 0, 0, badField(name, "is not known here")
		case into == nil: // passed over
		case value == "":
			return 0, 0, badField(name, "must not be empty")
		default:
			*into = value
		}
	}
	p.Limit, p.Offset, p.Count = limit, offset, true
	return limit, offset, nil
}
