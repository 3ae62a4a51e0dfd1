package payment_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment"
)

// The table of docs/security.md: each threat names tests that exist, and those that no other file has are here.
func TestEveryThreatIsHeld(t *testing.T) {
	text, err := os.ReadFile("docs/security.md")
	require.NoError(t, err)
	_, threats, ok := strings.Cut(string(text), "\n## Threats\n")
	require.True(t, ok)
	threats, _, ok = strings.Cut(threats, "\n## ")
	require.True(t, ok)
	rows := 0
	for line := range strings.Lines(threats) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| --- ") || strings.HasPrefix(line, "| threat |") {
			continue
		}
		rows++
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		require.Len(t, cells, 3, line)
		require.Regexp(t, testName, cells[2], line)
		require.Empty(t, strings.Trim(testName.ReplaceAllString(cells[2], ""), " ,"), "only tests: %s", line)
	}
	require.GreaterOrEqual(t, rows, 35)
	require.NotEmpty(t, namedTests(t, knownTests(t), threats))
}

// A page to which a shopper is sent is https, or on this machine.
func TestNextActionURLs(t *testing.T) {
	s, p := newScripted(t)
	action := payment.NextAction{}
	p.on(payment.OperationInitialize, func(s *payment.Snapshot, _ payment.Request) error {
		s.State, s.NextAction = payment.SnapshotRequiresMore, &action
		return nil
	})
	for url, safe := range map[string]bool{
		"https://bank.example/3ds?id=1":             true,
		"https://bank.example:8443/":                true,
		"http://localhost:8080/challenge":           true,
		"http://127.0.0.1/":                         true,
		"http://[::1]:8080/":                        true,
		"http://bank.example/":                      false,
		"http://localhost.evil.example/":            false,
		"https://user@bank.example/":                false,
		"https://shop.example:secret@evil.example/": false,
		"https:///no-host":                          false,
		"//bank.example/":                           false,
		"/relative":                                 false,
		"javascript:alert(1)":                       false,
		"data:text/html,x":                          false,
		"ftp://bank.example/":                       false,
		"":                                          false,
		"https://bank.example/\x00":                 false,
		"https://bank.example/" + strings.Repeat("x", 2048): false,
	} {
		for _, kind := range []payment.NextActionKind{payment.ActionRedirect, payment.ActionFormPost} {
			action = payment.NextAction{Kind: kind, URL: url}
			c := s.collection("10", "EUR")
			x := s.session(c, "scripted", "10")
			require.Equal(t, payment.StatusRequiresMore, x.Status)
			require.Equal(t, safe, x.NextAction != nil, "%s %.80q", kind, url)
			require.Equal(t, !safe, strings.Contains(fmt.Sprint(s.kinds(c.ID)), string(payment.EventDataDropped)), "%.80q", url)
		}
	}
	action = payment.NextAction{Kind: "popup", URL: "https://bank.example/"}
	require.Nil(t, s.session(s.collection("10", "EUR"), "scripted", "10").NextAction, "a kind that no page knows")
}

// The core fetches no URL, and opens no connection: what is behind an address that somebody names stays there.
func TestCoreOpensNoConnection(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, i := range f.Imports {
			require.NotContains(t, []string{`"net"`, `"net/rpc"`, `"net/smtp"`, `"os/exec"`, `"syscall"`}, i.Path.Value, name)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "http" {
					require.Equal(t, "Header", s.Sel.Name, "%s uses http.%s", name, s.Sel.Name)
				}
			}
			return true
		})
	}
}

// Signatures are compared in constant time: no clock tells that they are not, so the source has to.
func TestSignaturesAreComparedInConstantTime(t *testing.T) {
	verifiers := 0
	for _, dir := range []string{"sandboxprovider", "stripeprovider", "examples/acmeprovider"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		require.NoError(t, err)
		for _, name := range files {
			source, err := os.ReadFile(name)
			require.NoError(t, err)
			if strings.HasSuffix(name, "_test.go") || !bytes.Contains(source, []byte(") VerifyWebhook(")) {
				continue
			}
			verifiers++
			require.Contains(t, string(source), "hmac.Equal(", name)
			require.NotRegexp(t, `bytes\.(Equal|Compare)\(|(mac|want|given|signature|sum) (==|!=) [^n]`, string(source), name)
		}
	}
	require.Equal(t, 3, verifiers)
}

// What a gateway says in words is for operators: no error, no public row and no event has it, and a log has it on one line.
func TestGatewaysWordsAreForOperatorsAlone(t *testing.T) {
	const words = "card of Jane Roe"
	said := words + "\nlevel=ERROR msg=forged\x1b[2J" + strings.Repeat("x", 4000)
	for name, answer := range map[string]error{
		"declined": payment.Declined("do_not_honor", said), "declined by words": payment.Declined(said, said),
		"not sent": payment.NotSent(errors.New(said)), "unknown": errors.New(said),
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			p := &scripted{answer: usual, info: payment.ProviderInfo{MultiCapture: true}}
			s := newShop(t, options{more: []payment.Provider{p}, config: payment.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}})
			pay := s.paid("scripted", "100", "EUR")
			for _, kind := range []payment.OperationKind{payment.OperationAuthorize, payment.OperationCapture} {
				p.on(kind, func(s *payment.Snapshot, _ payment.Request) error {
					*s = payment.Snapshot{}
					return answer
				})
			}
			_, captured := s.capture(pay, "40")
			c := s.collection("100", "EUR")
			x := s.session(c, "scripted", "100")
			_, authorized := s.AuthorizeSession(t.Context(), payment.AuthorizeSessionParams{SessionID: x.ID})
			kind := payment.ErrOutcomeUnknown
			for _, k := range []error{payment.ErrDeclined, payment.ErrNotSent} {
				if errors.Is(answer, k) {
					kind = k
				}
			}
			require.ErrorIs(t, captured, kind)
			require.ErrorIs(t, authorized, kind)
			for _, err := range []error{captured, authorized} {
				require.NotContains(t, fmt.Sprintf("%v %+v %s", err, err, err), words)
			}
			public := []any{s.fresh(c.ID), s.freshSession(x.ID), s.payment(pay.ID)}
			for _, id := range []string{c.ID, pay.CollectionID} {
				for _, e := range s.eventsOf(id) {
					public = append(public, e)
				}
			}
			for _, v := range public {
				b, err := json.Marshal(v)
				require.NoError(t, err)
				require.NotContains(t, string(b), words)
			}
			for _, op := range s.openOperations(t) {
				require.LessOrEqual(t, len(op.Message), 512)
				require.NotContains(t, op.Message, "\n")
			}
			for line := range strings.Lines(log.String()) {
				require.True(t, strings.HasPrefix(line, "time="), line)
				require.NotContains(t, line, "\x1b")
				require.Less(t, len(line), 2000)
			}
		})
	}
}
