package payment

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

// goldenRows returns one row of each type that has a public encoding, with the JSON that is expected of it.
func goldenRows() map[string]struct {
	row  any
	json string
} {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.FixedZone("CET", 3600))
	dec := decimal.RequireFromString
	capture := &Capture{Entry{ID: "capt_1", PaymentID: "pay_1", Reference: "ch_1", Amount: dec("40.00"), State: MovementSucceeded, CreatedBy: "user_1", CreatedAt: at}}
	failed := &Capture{Entry{ID: "capt_2", Amount: dec("9.99"), State: MovementFailed, Reason: "expired", CreatedAt: at}}
	pending := &Refund{Entry: Entry{ID: "ref_1", Amount: dec("0.10"), State: MovementPending, CreatedAt: at}, ReasonID: "refr_1", Note: "broken"}
	returned := &Refund{Entry: Entry{ID: "ref_2", Amount: dec("1"), State: MovementFailed, CreatedAt: at}, ReturnedAt: at}
	const t = `"2026-03-01T11:00:00.123456Z"`
	const captureJSON = `{"id":"capt_1","amount":40,"state":"succeeded","created_by":"user_1","created_at":` + t + `}`
	const failedJSON = `{"id":"capt_2","amount":9.99,"state":"failed","reason":"expired","created_by":null,"created_at":` + t + `}`
	const pendingJSON = `{"id":"ref_1","amount":0.1,"state":"pending","created_by":null,"created_at":` + t + `,"refund_reason_id":"refr_1","note":"broken"}`
	const returnedJSON = `{"id":"ref_2","amount":1,"state":"failed","created_by":null,"created_at":` + t + `,"refund_reason_id":null,"note":null,"returned_at":` + t + `}`
	return map[string]struct {
		row  any
		json string
	}{
		"a collection": {
			PaymentCollection{
				ID: "paycol_1", Version: 7, CurrencyCode: "USD", Amount: dec("100.50"), Authorized: dec("100.5"), Held: dec("3"),
				Captured: dec("40"), Refunded: dec("0.10"), ProviderIDs: []string{"cod", "stripe"}, Metadata: Data{"cart": "c_1"},
				CreatedAt: at, UpdatedAt: at,
			},
			`{"id":"paycol_1","currency_code":"usd","amount":100.5,"authorized_amount":100.5,"captured_amount":40,"refunded_amount":0.1,
			"status":"partially_captured","payment_providers":[{"id":"cod"},{"id":"stripe"}],"metadata":{"cart":"c_1"},
			"completed_at":null,"created_at":` + t + `,"updated_at":` + t + `}`,
		},
		"a completed collection": {
			PaymentCollection{CompletedAt: at},
			`{"id":"","currency_code":"","amount":0,"authorized_amount":0,"captured_amount":0,"refunded_amount":0,"status":"completed",
			"payment_providers":[],"metadata":null,"completed_at":` + t + `,"created_at":null,"updated_at":null}`,
		},
		"a new session": {
			PaymentSession{
				ID: "payses_1", CollectionID: "paycol_1", ProviderID: "cod", CurrencyCode: "JPY", Amount: dec("1000"), Held: dec("1000"),
				Status: StatusPending, Private: NewPrivate(map[string]any{"k": "s3cr3t"}), Reference: "pi_1", Account: "acct_1",
				Metadata: Data{"staff": "note"}, OperationID: "op_1", CreatedAt: at, UpdatedAt: at,
			},
			`{"id":"payses_1","payment_collection_id":"paycol_1","provider_id":"cod","currency_code":"jpy","amount":1000,"status":"pending",
			"data":{},"authorized_at":null,"created_at":` + t + `,"updated_at":` + t + `}`,
		},
		"a session that asks for more": {
			PaymentSession{
				ID: "payses_2", CurrencyCode: "KWD", Amount: dec("10.125"), Status: StatusRequiresMore, Data: Data{"client_secret": "cs_1"},
				NextAction: &NextAction{Kind: ActionRedirect, URL: "https://bank.example/3ds"}, Reason: "challenge",
				ProcessingSince: at, ExpiresAt: at, AuthorizedAt: at,
			},
			`{"id":"payses_2","payment_collection_id":"","provider_id":"","currency_code":"kwd","amount":10.125,"status":"requires_more",
			"data":{"client_secret":"cs_1"},"next_action":{"kind":"redirect","url":"https://bank.example/3ds"},"reason":"challenge",
			"processing_since":` + t + `,"expires_at":` + t + `,"authorized_at":` + t + `,"created_at":null,"updated_at":null}`,
		},
		"a payment": {
			Payment{
				ID: "pay_1", CollectionID: "paycol_1", SessionID: "payses_1", ProviderID: "cod", CurrencyCode: "EUR", Amount: dec("100"),
				Authorized: dec("99.99"), Captured: dec("40"), Refunded: dec("0"), Released: dec("7"), Capturable: dec("5"), Unasked: true,
				Data: Data{"last4": "4242"}, Metadata: Data{"staff": "note"}, CapturedAt: at, CanceledAt: at, CreatedAt: at, UpdatedAt: at,
				Captures: []*Capture{failed, capture}, Refunds: []*Refund{pending, returned},
			},
			`{"id":"pay_1","payment_collection_id":"paycol_1","payment_session_id":"payses_1","provider_id":"cod","currency_code":"eur",
			"amount":100,"authorized_amount":99.99,"captured_amount":40,"refunded_amount":0,"data":{"last4":"4242"},
			"captures":[` + captureJSON + `],"refunds":[` + pendingJSON + `],
			"failed_captures":[` + failedJSON + `],"failed_refunds":[` + returnedJSON + `],
			"captured_at":` + t + `,"canceled_at":` + t + `,"created_at":` + t + `,"updated_at":` + t + `}`,
		},
		"a payment without movements": {
			Payment{ID: "pay_2"},
			`{"id":"pay_2","payment_collection_id":"","payment_session_id":"","provider_id":"","currency_code":"",
			"amount":0,"authorized_amount":0,"captured_amount":0,"refunded_amount":0,"data":{},"captures":[],"refunds":[],
			"captured_at":null,"canceled_at":null,"created_at":null,"updated_at":null}`,
		},
		"a capture":         {*capture, captureJSON},
		"a failed capture":  {*failed, failedJSON},
		"a refund":          {*pending, pendingJSON},
		"a returned refund": {*returned, returnedJSON},
		"a refund reason": {
			RefundReason{ID: "refr_1", Code: "broken", Label: "Broken", Metadata: Data{"n": json.Number("1")}, CreatedAt: at, UpdatedAt: at},
			`{"id":"refr_1","label":"Broken","code":"broken","description":null,"metadata":{"n":1},"created_at":` + t + `,"updated_at":` + t + `}`,
		},
		"a described refund reason": {
			RefundReason{Description: "It came in pieces."},
			`{"id":"","label":"","code":"","description":"It came in pieces.","metadata":null,"created_at":null,"updated_at":null}`,
		},
		"a new operation": {
			Operation{ID: "op_2", Kind: OperationRefund, State: OperationOpen},
			`{"id":"op_2","payment_collection_id":"","payment_session_id":"","provider_id":"","kind":"refund","state":"open","amount":0,
			"currency_code":"","tries":0,"created_by":null,"first_call_at":null,"last_call_at":null,"created_at":null,"updated_at":null,
			"ended_at":null}`,
		},
		"an operation": {
			Operation{
				ID: "op_1", CollectionID: "paycol_1", SessionID: "payses_1", ProviderID: "cod", Kind: OperationCapture, State: OperationFailed,
				Amount: dec("40"), CurrencyCode: "USD", Final: true, Reference: "pi_1", Data: Data{"k": "data"},
				Private: NewPrivate(map[string]any{"k": "s3cr3t"}), Note: "broken", CreatedBy: "user_1", Tries: 2, Code: "expired_card",
				Message: "card of J. Doe", LeaseUntil: at, FirstCallAt: at, LastCallAt: at, CreatedAt: at, UpdatedAt: at, EndedAt: at,
			},
			`{"id":"op_1","payment_collection_id":"paycol_1","payment_session_id":"payses_1","provider_id":"cod","kind":"capture",
			"state":"failed","amount":40,"currency_code":"usd","code":"expired_card","tries":2,"created_by":"user_1",
			"first_call_at":` + t + `,"last_call_at":` + t + `,"created_at":` + t + `,"updated_at":` + t + `,"ended_at":` + t + `}`,
		},
	}
}

// pointerTo returns a pointer to a copy of v.
func pointerTo(v any) any {
	p := reflect.New(reflect.TypeOf(v))
	p.Elem().Set(reflect.ValueOf(v))
	return p.Interface()
}

func TestPublicJSON(t *testing.T) {
	for name, tt := range goldenRows() {
		var want bytes.Buffer
		require.NoError(t, json.Compact(&want, []byte(tt.json)), name)
		for _, v := range []any{tt.row, pointerTo(tt.row)} {
			got, err := json.Marshal(v)
			require.NoError(t, err, name)
			require.JSONEq(t, tt.json, string(got), "%s as %T", name, v)
			require.ElementsMatch(t, numbersIn(want.String()), numbersIn(string(got)), "%s: JSONEq compares floats, this compares what is written", name)
		}
	}
}

// numbersIn returns the numbers in a JSON text as they are written.
func numbersIn(text string) []string {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var numbers []string
	for {
		token, err := dec.Token()
		if err != nil {
			return numbers
		}
		if n, ok := token.(json.Number); ok {
			numbers = append(numbers, string(n))
		}
	}
}

// allowed are the keys that each public object may have: what a Medusa client knows, and beside it what is ours.
var allowed = map[string][2]string{
	"PaymentCollection": {
		"id currency_code amount authorized_amount captured_amount refunded_amount status completed_at created_at updated_at metadata payment_providers", "",
	},
	"PaymentSession": {
		"id amount currency_code provider_id data status authorized_at created_at updated_at payment_collection_id",
		"next_action reason processing_since expires_at",
	},
	"Payment": {
		"id amount authorized_amount captured_amount refunded_amount currency_code provider_id data captured_at canceled_at created_at updated_at payment_collection_id captures refunds",
		"payment_session_id failed_captures failed_refunds",
	},
	"Capture":      {"id amount created_at created_by", "state reason"},
	"Refund":       {"id amount refund_reason_id note created_at created_by", "state reason returned_at"},
	"RefundReason": {"id label code description metadata created_at updated_at", ""},
	"Operation": {
		"", "id payment_collection_id payment_session_id provider_id kind state amount currency_code code tries created_by first_call_at last_call_at created_at updated_at ended_at",
	},
}

// publicTypes returns an empty value of each type that has a public encoding.
func publicTypes() []any {
	return []any{&PaymentCollection{}, &PaymentSession{}, &Payment{}, &Capture{}, &Refund{}, &RefundReason{}, &Operation{}}
}

func keysOf(t *testing.T, v any) []string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	var m map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(b, &m))
	return slices.Sorted(maps.Keys(m))
}

func TestPublicJSONIsAnAllowList(t *testing.T) {
	for _, v := range publicTypes() {
		name := reflect.TypeOf(v).Elem().Name()
		medusa, ours := strings.Fields(allowed[name][0]), strings.Fields(allowed[name][1])
		require.Subset(t, keysOf(t, v), medusa, "%s: a Medusa client reads these also when they are empty", name)
		fillRow(t, v, "s3cr3t")
		if p, ok := v.(*Payment); ok {
			p.Captures[0].State, p.Refunds[0].State = MovementFailed, MovementFailed
		}
		require.ElementsMatch(t, append(medusa, ours...), keysOf(t, v), name)
	}
}

func TestPublicJSONWritesAmountsExactly(t *testing.T) {
	defer func(old bool) { decimal.MarshalJSONWithoutQuotes = old }(decimal.MarshalJSONWithoutQuotes)
	for _, decimal.MarshalJSONWithoutQuotes = range []bool{false, true} {
		for in, want := range map[string]string{
			"0":                      "0",
			"10.00":                  "10",
			"10.50":                  "10.5",
			"1e3":                    "1000",
			"0.0001":                 "0.0001",
			"-3.10":                  "-3.1",
			"9007199254740993":       "9007199254740993", // a float has no such number
			"9007199254740992000.10": "9007199254740992000.1",
		} {
			b, err := json.Marshal(Capture{Entry{Amount: decimal.RequireFromString(in)}})
			require.NoError(t, err)
			require.Contains(t, string(b), `"amount":`+want+`,`)
		}
		for _, exponent := range []int32{1000000000, -1000000000} { // written out it would be a gigabyte
			b, err := json.Marshal(Capture{Entry{Amount: decimal.New(12, exponent)}})
			require.NoError(t, err)
			require.Contains(t, string(b), fmt.Sprintf(`"amount":12e%d,`, exponent))
		}
	}
}

func TestPublicJSONNeverFailsForATime(t *testing.T) {
	for _, at := range []time.Time{{}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)} {
		b, err := json.Marshal(Capture{Entry{CreatedAt: at}})
		require.NoError(t, err)
		require.Contains(t, string(b), `"created_at":null`)
	}
}

func TestPublicJSONFailsForWhatJSONCannotHold(t *testing.T) {
	bad := Data{"f": func() {}}
	for _, v := range []any{PaymentCollection{Metadata: bad}, PaymentSession{Data: bad}, Payment{Data: bad}, RefundReason{Metadata: bad}} {
		_, err := json.Marshal(v)
		require.Error(t, err, "%T", v)
	}
}

func TestPublicJSONCannotBeReadBack(t *testing.T) {
	for _, v := range publicTypes() {
		b, err := json.Marshal(v)
		require.NoError(t, err)
		for _, in := range []string{string(b), "{}", "[]"} {
			err = json.Unmarshal([]byte(in), v)
			require.EqualError(t, err, "payment: a "+reflect.TypeOf(v).Elem().Name()+" cannot be read from JSON: its public encoding leaves things out")
		}
	}
}

func TestAnEventsJSONRoundTrips(t *testing.T) {
	defer func(old bool) { decimal.MarshalJSONWithoutQuotes = old }(decimal.MarshalJSONWithoutQuotes)
	for _, decimal.MarshalJSONWithoutQuotes = range []bool{false, true} {
		var want, got Event
		fillRow(t, &want, "")
		want.Amount = decimal.RequireFromString("9007199254740993.01") // a float has no such number
		b, err := json.Marshal(want)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &got))
		requireSame(t, want, got)
	}
}

// TestNothingPrivateIsPublic plants a secret in every Private, Context, Input, Body and Message there is.
func TestNothingPrivateIsPublic(t *testing.T) {
	const secret = "s3cr3t-of-the-gateway"
	planted := 0
	for _, v := range append(rowTypes(), &RefundReason{}, &Rows{}, &Changes{}) {
		fillRow(t, v, secret)
		planted += secretsIn(reflect.ValueOf(v))
		value := reflect.ValueOf(v).Elem().Interface()
		for name, text := range publicTexts(t, v, value) {
			requireHidden(t, text, secret, fmt.Sprintf("%T: %s", v, name))
		}
	}
	require.Greater(t, planted, 20, "the secrets are there to be found")
}

// requireHidden fails when a text holds a secret, as it is or encoded.
func requireHidden(t *testing.T, text, secret, what string) {
	t.Helper()
	for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
		require.NotContains(t, strings.ToLower(text), strings.ToLower(form), what)
	}
}

// secretsIn counts what is private in v.
func secretsIn(v reflect.Value) (n int) {
	if v.Type() == reflect.TypeFor[Private]() {
		return 1
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			n = secretsIn(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += secretsIn(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "Message" {
				n++
			}
			n += secretsIn(v.Field(i))
		}
	}
	return n
}

// publicTexts returns what fmt, slog and JSON make of values.
func publicTexts(t *testing.T, values ...any) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			texts[fmt.Sprintf("%s of a %T", verb, v)] = fmt.Sprintf(verb, v)
		}
		var text, jsonText bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("row", "v", v, slog.Group("in", "v", v))
		slog.New(slog.NewJSONHandler(&jsonText, nil)).Info("row", "v", v, slog.Group("in", "v", v))
		texts[fmt.Sprintf("slog text of a %T", v)] = text.String()
		texts[fmt.Sprintf("slog JSON of a %T", v)] = jsonText.String()
		if b, err := json.Marshal(v); err == nil {
			texts[fmt.Sprintf("JSON of a %T", v)] = string(b)
		} else {
			texts[fmt.Sprintf("error of the JSON of a %T", v)] = err.Error()
		}
	}
	return texts
}

func TestAnOperationPrintsAllButItsMessage(t *testing.T) {
	o := Operation{ID: "op_1", Message: "card of J. Doe"}
	for _, v := range []any{o, &o} {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			text := fmt.Sprintf(verb, v)
			require.Contains(t, text, "op_1")
			require.Contains(t, text, "[private]")
			require.NotContains(t, text, "Doe")
		}
	}
	require.Equal(t, "card of J. Doe", o.Message)
	require.Equal(t, "<nil>", fmt.Sprint((*Operation)(nil)))
}
