package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/seed40c892db/payment/sandboxprovider"
)

func TestOutput(t *testing.T) {
	want, err := os.ReadFile("output.txt")
	require.NoError(t, err)
	var got bytes.Buffer
	require.NoError(t, once(t.Context(), &got))
	require.Equal(t, string(want), got.String())
}

// documented are the metrics of docs/observability.md, as Prometheus calls them, with their labels and those of what is made of histograms.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/observability.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "\n| metric | attributes | counts |\n")
	require.True(t, ok)
	table, _, _ = strings.Cut(table, "\n\n")
	word := regexp.MustCompile("`([a-z_.]+)`")
	found := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if !strings.HasPrefix(cells[1], " `") {
			continue
		}
		name := strings.ReplaceAll(strings.Trim(cells[1], " `"), ".", "_")
		var labels []string
		for _, m := range word.FindAllStringSubmatch(cells[2], -1) {
			labels = append(labels, strings.ReplaceAll(m[1], ".", "_"))
		}
		switch {
		case strings.HasSuffix(name, "_duration"), strings.HasSuffix(name, "_delay"):
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				found[name+"_seconds"+part] = labels
			}
			found[name+"_seconds_bucket"] = append([]string{"le"}, labels...)
		case strings.HasSuffix(name, "_age"):
			found[name+"_seconds"] = labels
		case strings.Contains(cells[3], "a gauge"):
			found[name] = labels
		default:
			found[name+"_total"] = labels
		}
	}
	require.Len(t, found, 6*3+5+2)
	return found
}

// What is served is what docs/observability.md says, and nothing else.
func TestServedMetricsAreDocumented(t *testing.T) {
	s, err := open(options{})
	require.NoError(t, err)
	url, stop, err := s.listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, s.sell(t.Context(), sandboxprovider.TokenVisa))
	_, err = s.Reconcile(t.Context())
	require.NoError(t, err)
	answer, err := http.Get(url)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	known, n := documented(t), 0
	label := regexp.MustCompile(`([a-z_]+)="`)
	for line := range strings.Lines(string(body)) {
		name, labels, _ := strings.Cut(line, "{")
		if strings.HasPrefix(line, "#") || name == "target_info" {
			continue
		}
		n++
		require.Contains(t, known, name)
		for _, m := range label.FindAllStringSubmatch(labels, -1) {
			require.Contains(t, known[name], m[1], line)
		}
	}
	require.Greater(t, n, 100)
	require.NoError(t, stop())
}

// The rules ask for metrics, and for labels of theirs, that there are.
func TestAlertsAskForWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("alerts.yml")
	require.NoError(t, err)
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(&rules))
	require.Len(t, rules.Groups, 1)
	known, asked := documented(t), regexp.MustCompile(`(payment_[a-z_]+_(?:count|total|seconds|bucket))(\{[^}]*\})?`)
	require.Len(t, rules.Groups[0].Rules, 10)
	for _, r := range rules.Groups[0].Rules {
		require.NotEmpty(t, r.Annotations["summary"], r.Alert)
		found := asked.FindAllStringSubmatch(r.Expr, -1)
		require.NotEmpty(t, found, r.Alert)
		for _, m := range found {
			require.Contains(t, known, m[1], r.Alert)
			for _, label := range regexp.MustCompile(`([a-z_]+)[=!]`).FindAllStringSubmatch(m[2], -1) {
				require.Contains(t, known[m[1]], label[1], r.Alert)
			}
		}
	}
}
