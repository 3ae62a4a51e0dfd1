package payment

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert" //nolint:depguard // its diffs are what is tested here
	"github.com/stretchr/testify/require"
)

const planted = "s3cr3t-of-the-shopper"

// hostRow is what a host may build around ours.
type hostRow struct {
	Private
	Exported   Private
	unexported Private
	pointer    *Private
	List       []Private
	pointers   []*Private
	Map        map[string]Private
	Any        any
	session    PaymentSession
	Operation  *Operation
}

type (
	inside           struct{ p Private }
	insidePointer    struct{ p *Private }
	embedding        struct{ Private }
	embeddingPointer struct{ *Private }
)

// holders returns everything in which a Private is found, each holding the planted secret. The message is an operation's.
func holders(message string) []any {
	p := NewPrivate(map[string]any{"token": planted, planted: "key", "in": map[string]any{"list": []any{planted}}})
	request := Request{IdempotencyKey: "k", Private: p, Context: p}
	session := PaymentSession{ID: "payses_1", Private: p, Context: p}
	operation := &Operation{ID: "op_1", Private: p, Context: p, Input: p, Message: message}
	return []any{
		p, &p, []Private{p}, []*Private{&p}, map[string]Private{"p": p}, map[string]any{"p": &p}, [1]Private{p}, inside{p},
		&inside{p}, insidePointer{&p}, embedding{p}, &embedding{p}, embeddingPointer{&p}, []any{p, &p},
		session, &session, []PaymentSession{session}, operation, *operation, Delivery{Body: p}, &Delivery{Body: p},
		InitializeRequest{request}, AuthorizeRequest{request}, StatusRequest{request}, UpdateRequest{request}, CancelRequest{request},
		CaptureRequest{Request: request}, &RefundRequest{Request: request}, Snapshot{Private: &p}, &Snapshot{Private: &p},
		SessionError{Outcome: ErrDeclined, Session: &session}, Rows{Sessions: []*PaymentSession{&session}}, Changes{Operations: []*Operation{operation}},
		hostRow{p, p, p, &p, []Private{p}, []*Private{&p}, map[string]Private{"p": p}, p, session, operation},
		&hostRow{Exported: p, unexported: p, session: session},
	}
}

// invalidHolders are those whose content JSON cannot hold, which is kept as it came.
func invalidHolders() []any {
	p := NewPrivate(map[string]any{"token": planted, "f": func() {}})
	return []any{p, &p, hostRow{unexported: p, Exported: p}, PaymentSession{Private: p}, Snapshot{Private: &p}}
}

func TestPrivateIsNotPrinted(t *testing.T) {
	for _, v := range append(holders(planted), invalidHolders()...) {
		for name, text := range publicTexts(t, v) {
			requireHidden(t, text, planted, name)
		}
	}
}

func TestPrivateIsNotEncoded(t *testing.T) {
	for _, v := range append(holders(""), invalidHolders()...) {
		var b bytes.Buffer
		err := gob.NewEncoder(&b).Encode(v)
		requireHidden(t, b.String()+fmt.Sprint(err), planted, fmt.Sprintf("gob of a %T", v))

		text, err := xml.Marshal(v)
		requireHidden(t, string(text)+fmt.Sprint(err), planted, fmt.Sprintf("XML of a %T", v))
	}
}

// fakeT is a TestingT that keeps what a failed assertion says.
type fakeT struct{ text strings.Builder }

func (f *fakeT) Errorf(format string, args ...any) { fmt.Fprintf(&f.text, format, args...) }

func TestPrivateIsNotInATestsDiff(t *testing.T) {
	for i, v := range append(holders(""), invalidHolders()...) {
		fake := &fakeT{}
		other := reflect.New(reflect.TypeOf(v)).Elem().Interface()
		require.False(t, assert.Equal(fake, other, v), "holder %d", i)
		require.False(t, assert.Empty(fake, []any{v}))
		require.False(t, assert.Contains(fake, []any{v}, "x"))
		require.Contains(t, fake.text.String(), "Error Trace")
		requireHidden(t, fake.text.String(), planted, fmt.Sprintf("diff of holder %d, a %T", i, v))
	}
}

func TestWhatIsShownInsteadOfPrivate(t *testing.T) {
	for _, p := range []Private{{}, NewPrivate(map[string]any{"k": planted})} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%08.3f"} {
			require.Equal(t, "[private]", fmt.Sprintf(verb, p), verb)
			require.Equal(t, "[private]", fmt.Sprintf(verb, &p), verb)
		}
		require.Equal(t, "[private]", p.String())
		require.Equal(t, "[private]", p.GoString())
		require.Equal(t, "[private]", p.LogValue().String())
		text, err := p.MarshalText()
		require.NoError(t, err)
		require.Equal(t, "[private]", string(text))
		b, err := json.Marshal(map[string]any{"p": p, "pp": &p})
		require.NoError(t, err)
		require.JSONEq(t, `{"p":null,"pp":null}`, string(b))
		var page strings.Builder
		require.NoError(t, template.Must(template.New("").Parse("{{.}}")).Execute(&page, p))
		require.Equal(t, "[private]", page.String())
	}
}

func TestPrivateIsNotReadFromJSON(t *testing.T) {
	var p Private
	for _, in := range []string{`{"k":"v"}`, `"x"`, `[]`} {
		require.EqualError(t, json.Unmarshal([]byte(in), &p), "payment: Private cannot be read from JSON; use NewPrivate")
	}
	require.True(t, p.IsEmpty())
}

func TestPrivateKeepsItsContent(t *testing.T) {
	in := map[string]any{"n": 1, "in": map[string]any{"k": "old"}}
	p := NewPrivate(in)
	in["in"].(map[string]any)["k"] = "new"
	want := Data{"n": json.Number("1"), "in": map[string]any{"k": "old"}}
	require.Equal(t, want, p.Reveal(), "a copy of what was passed in")
	p.Reveal()["in"].(map[string]any)["k"] = "new"
	require.Equal(t, want, p.Reveal(), "a copy of what it holds")
	require.False(t, p.IsEmpty())
	require.NoError(t, checkContext(p))

	for _, empty := range []Private{{}, NewPrivate(nil), NewPrivate(map[string]any{})} {
		require.True(t, empty.IsEmpty())
		require.Nil(t, empty.Reveal())
		require.NoError(t, checkContext(empty))
	}
}

func TestPrivateThatCannotBeKeptIsRefusedWithoutItsContent(t *testing.T) {
	for _, bad := range []any{func() {}, "\x00", strings.Repeat("x", MaxDataBytes)} {
		p := NewPrivate(map[string]any{planted: bad})
		require.False(t, p.IsEmpty())
		require.EqualError(t, checkContext(p), "payment: Context: holds a value that JSON cannot hold, or more than 64 KiB")
	}
}
