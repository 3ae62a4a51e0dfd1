package paymenthttp_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// FuzzRequests sends anything to every route, as a shopper and as an admin: no panic, no 500, always JSON of one shape.
func FuzzRequests(f *testing.F) {
	s := newShop(f, nil)
	c, x := s.session("anna", "sandbox")
	p := s.paid("ben", "tok_visa")
	ids := strings.NewReplacer("{c}", c, "{x}", x, "{p}", p)
	paths := []string{
		"/store/payment-providers", "/store/payment-collections", "/store/payment-collections/{c}", "/store/payment-collections/{c}/payment-sessions",
		"/store/payment-sessions/{x}", "/store/payment-sessions/{x}/authorize", "/store/payment-sessions/{x}/cancel",
		"/admin/payments", "/admin/payments/{p}", "/admin/payments/{p}/capture", "/admin/payments/{p}/refund", "/admin/payments/{p}/cancel",
		"/admin/payments/payment-providers", "/admin/payment-providers/other", "/admin/payment-collections", "/admin/payment-collections/{c}",
		"/admin/payment-collections/{c}/payment-sessions", "/admin/payment-collections/{c}/mark-as-paid", "/admin/payment-collections/{c}/timeline",
		"/admin/refund-reasons", "/admin/refund-reasons/x", "/admin/operations", "/admin/operations/x/resolve", "/hooks/payment/sandbox",
	}
	for i := range paths {
		f.Add(i, "POST", "", `{"cart_id":"anna","provider_id":"sandbox","data":{"token":"tok_3ds"},"amount":1.5}`, "application/json", "key", "")
		f.Add(i, "GET", "limit=1&offset=0&order=-created_at&wait=0", "", "", "", `"1"`)
	}
	f.Add(9, "POST", "", `{"amount":1}`, "application/json", strings.Repeat("k", 300), "W/\"1\", *")
	f.Add(19, "POST", "", `{"code":"\u0000","label":"`+"\xff"+`","metadata":{"a":{"b":[1e400]}}}`, "application/json", "\x00", "")
	f.Fuzz(func(t *testing.T, at int, method, query, body, media, key, tag string) {
		path := ids.Replace(paths[uint(at)%uint(len(paths))])
		r, err := http.NewRequestWithContext(t.Context(), method, "http://shop.example"+path, strings.NewReader(body))
		if err != nil {
			return
		}
		r.URL.RawQuery = strings.ReplaceAll(query, "wait", "w")
		r.Header = http.Header{"Content-Type": {media}, "Idempotency-Key": {key}, "If-None-Match": {tag}, "Admin": {"ada"}}
		w := httptest.NewRecorder()
		began := time.Now()
		s.handler.ServeHTTP(w, r)
		require.Less(t, time.Since(began), 5*time.Second, "%s %s", method, path)
		require.Contains(t, []int{200, 202, 304, 400, 404, 405, 409, 413, 415, 422, 503}, w.Code, w.Body.String())
		if w.Code == 503 {
			require.Contains(t, w.Body.String(), `"not_sent"`, "nothing is down")
		}
		if w.Code != 304 {
			require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		}
		require.False(t, slices.Contains(w.Header()["Content-Type"], "text/plain"))
	})
}
