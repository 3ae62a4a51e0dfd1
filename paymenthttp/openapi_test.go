package paymenthttp_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/paymenthttp"
)

// Each handler serves the part of the document that is its own, with all that it refers to, and nothing else.
func TestTheDocumentIsServed(t *testing.T) {
	s := newShop(t, nil)
	var all struct{ Paths map[string]any }
	require.NoError(t, json.Unmarshal(paymenthttp.OpenAPI(), &all))
	paths := 0
	for who, path := range map[string]string{"": "/store/openapi.json", "admin": "/admin/openapi.json"} {
		a := s.as(who, "GET", path, "").status(200)
		require.Equal(t, "3.1.1", a.text("openapi"))
		prefix := path[:len("/store/")]
		for p := range a.at("paths").(map[string]any) {
			require.True(t, strings.HasPrefix(p, prefix), p)
			require.Contains(t, all.Paths, p)
			paths++
		}
		require.Contains(t, a.at("paths"), path, "it describes itself")
		require.Len(t, a.at("tags"), 1)
		text := a.Body.String()
		kept := map[string]bool{"responses NotFound": true, "responses MethodNotAllowed": true} // named by the text
		for _, m := range regexp.MustCompile(`"#/components/(\w+)/(\w+)"`).FindAllStringSubmatch(text, -1) {
			kept[m[1]+" "+m[2]] = true
			a.at("components." + m[1] + "." + m[2])
		}
		held := 0
		for _, named := range a.at("components").(map[string]any) {
			held += len(named.(map[string]any))
		}
		require.Len(t, kept, held, "nothing that is not referred to")
		require.NotContains(t, text, map[string]string{"": "Timeline", "admin": "cart_id"}[who])
		s.as(who, "GET", path, "", "If-None-Match", a.Header().Get("ETag")).status(304)
		s.as(who, "POST", path, "").status(405)
	}
	require.Len(t, all.Paths, paths+1, "and the webhooks'")
}
