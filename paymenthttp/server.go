package paymenthttp

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/seed40c892db/payment"
)

// answer is what a route has to say: an object, and its version where it has one.
type answer struct {
	status int // 200 if zero
	body   any
	etag   string
	retry  time.Duration // when asking again makes sense
}

// methods is what each method of HTTP does on a path.
type methods = map[string]func(r *http.Request) (answer, error)

// route is one path, and what can be done there.
type route struct {
	pattern string
	methods methods
}

// server is what the three handlers have in common.
type server struct {
	cfg      Config
	svc      *payment.Service
	shoppers bool // who reads the answers
}

// mux serves routes: with bodies of limited size, a record for each request, and JSON for whatever goes wrong.
func (s *server) mux(limit int64, routes []route) http.Handler {
	mux := http.NewServeMux()
	for _, rt := range routes {
		allowed := []string{}
		for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
			if rt.methods[m] != nil || m == http.MethodHead && rt.methods[http.MethodGet] != nil {
				allowed = append(allowed, m)
			}
		}
		mux.HandleFunc(rt.pattern, func(w http.ResponseWriter, r *http.Request) {
			method := r.Method
			if method == http.MethodHead {
				method = http.MethodGet
			}
			do := rt.methods[method]
			if do == nil {
				do = func(*http.Request) (answer, error) { return answer{}, methodNotAllowed(allowed) }
			}
			s.serve(w, r, rt.pattern, limit, do)
		})
	}
	nothing := func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, "/", limit, func(*http.Request) (answer, error) { return answer{}, errNotThere() })
	}
	mux.HandleFunc("/", nothing)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.EscapedPath()
		if clean := path.Clean("/" + asked); asked != clean && asked != clean+"/" { // the mux would lead the client elsewhere
			nothing(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// guarded serves routes, and refuses what another site's page sends.
func (s *server) guarded(routes []route) (http.Handler, error) {
	guard := http.NewCrossOriginProtection()
	for _, origin := range s.cfg.TrustedOrigins {
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, &payment.InvalidError{Field: "TrustedOrigins", Rule: fmt.Sprintf("%.128q is not an origin such as https://shop.example", origin)}
		}
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, "", bodyLimit, func(*http.Request) (answer, error) {
			return answer{}, &httpError{status: http.StatusForbidden, kind: typeForbidden, code: "cross_origin", message: "another site's page may not send this"}
		})
	}))
	return guard.Handler(s.mux(bodyLimit, routes)), nil
}

// serve answers one request, and writes it down without anything that its body held.
func (s *server) serve(w http.ResponseWriter, r *http.Request, pattern string, limit int64, do func(r *http.Request) (answer, error)) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout+longestWait)
	defer cancel()
	r = r.WithContext(ctx)
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	a, err := recovered(r, do)
	record := []slog.Attr{slog.String("method", r.Method), slog.String("route", pattern)}
	level := slog.LevelInfo
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	if err != nil {
		e := errorOf(err)
		status = e.status
		if p, ok := e.with["payment"].(*payment.Payment); ok && s.shoppers {
			e.with["payment"] = forShoppers(p)
		}
		record = append(record, slog.String("code", e.code))
		if status >= http.StatusInternalServerError || e.unread {
			level = slog.LevelError
			record = append(record, slog.String("error", err.Error()))
		}
		e.write(w)
	} else {
		s.send(w, r, status, a)
	}
	record = append(record, slog.Int("status", status), slog.Duration("duration", time.Since(began)))
	s.cfg.Logger.LogAttrs(ctx, level, "paymenthttp: request", record...)
}

func (s *server) send(w http.ResponseWriter, r *http.Request, status int, a answer) {
	if a.retry > 0 {
		w.Header().Set("Retry-After", seconds(a.retry))
	}
	if a.etag != "" {
		w.Header().Set("ETag", a.etag)
		if r.Method != http.MethodPost && matches(r, a.etag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	writeJSON(w, status, a.body)
}

// seconds rounds a wait up, as Retry-After counts.
func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }

// matches reports whether a client has this version already.
func matches(r *http.Request, etag string) bool {
	for sent := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if sent = strings.TrimPrefix(strings.TrimSpace(sent), "W/"); sent == etag || sent == "*" {
			return true
		}
	}
	return false
}

// recovered makes a panic an error.
func recovered(r *http.Request, do func(r *http.Request) (answer, error)) (_ answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &httpError{status: http.StatusInternalServerError, kind: typeUnexpected, code: "unexpected", message: "something went wrong",
				cause: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
		}
	}()
	return do(r)
}

// authorize asks the host. Its own trouble is neither a refusal nor permission.
func (s *server) authorize(r *http.Request, action Action, subject Subject) error {
	if c := subject.Collection; c != nil {
		subject.CartID, subject.OrderID = textOf(c.Metadata[metadataCart]), textOf(c.Metadata[metadataOrder])
	}
	err := s.cfg.Authorize(r, action, subject)
	for _, refusal := range []error{ErrUnauthenticated, ErrForbidden} {
		if errors.Is(err, refusal) {
			return refusal
		}
	}
	return hosts(err)
}

// cart asks the host what a cart costs.
func (s *server) cart(r *http.Request, id string) (Cart, error) {
	cart, err := s.cfg.ResolveCart(r.Context(), r, id)
	return cart, hosts(err)
}

// order asks the host for an order.
func (s *server) order(r *http.Request, id string) (Order, error) {
	order, err := s.cfg.ResolveOrder(r.Context(), r, id)
	return order, hosts(err)
}

func textOf(v any) string {
	text, _ := v.(string)
	return text
}

// idempotencyKey returns what the client sent as Idempotency-Key, in a form that never meets a key of ours; empty where it sent none.
func idempotencyKey(r *http.Request) (string, error) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return "", nil
	}
	if len(key) > 200 || !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return "", badField("Idempotency-Key", "must be at most 200 bytes of UTF-8")
	}
	return "client:" + key, nil
}

// keyOf makes one key of what tells requests apart, as long as a key may be.
func keyOf(parts ...string) string {
	key := strings.Join(parts, " ")
	if len(key) > 255 {
		return fmt.Sprintf("sha256 %x", sha256.Sum256([]byte(key)))
	}
	return key
}

// field is one more field of an object.
type field struct {
	name  string
	value any
}

// with adds fields to an object that is encoded already.
func with(object any, fields ...field) (json.RawMessage, error) {
	b, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	b = b[:len(b)-1]
	for _, f := range fields {
		v, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		b = append(b, `,"`+f.name+`":`...)
		b = append(b, v...)
	}
	return append(b, '}'), nil
}

// sessions returns all sessions of a collection, the newest first.
func (s *server) sessions(ctx context.Context, collectionID string) ([]*payment.PaymentSession, error) {
	var all []*payment.PaymentSession
	for p := (payment.ListParams{CollectionID: collectionID, Limit: 100, Descending: true}); ; {
		page, err := s.svc.ListSessions(ctx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if p.Cursor = page.Cursor; p.Cursor == "" {
			return all, nil
		}
	}
}

// inOrder returns the newest hundred sessions that are not canceled, the oldest first, but last the one that was chosen.
func inOrder(newestFirst []*payment.PaymentSession, chosen string) []*payment.PaymentSession {
	var shown, last []*payment.PaymentSession
	for _, x := range newestFirst {
		switch {
		case x.ID == chosen:
			last = append(last, x)
		case x.Status != payment.StatusCanceled && len(shown) < 100:
			shown = append(shown, x)
		}
	}
	slices.Reverse(shown)
	return append(shown, last...)
}

// collectionObject is a collection with its sessions, the one that was chosen last of all, and its newest hundred payments.
func (s *server) collectionObject(ctx context.Context, c *payment.PaymentCollection, chosen string) (json.RawMessage, error) {
	sessions, err := s.sessions(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(c.ProviderIDs, s.staffOnly) {
		shown := *c
		shown.ProviderIDs = slices.DeleteFunc(slices.Clone(c.ProviderIDs), s.staffOnly)
		c = &shown
	}
	payments, err := s.svc.ListPayments(ctx, payment.ListParams{CollectionID: c.ID, Limit: 100, Descending: true})
	if err != nil {
		return nil, err
	}
	paid := make(map[string]*payment.Payment, len(payments.Items))
	for _, p := range payments.Items {
		paid[p.SessionID] = p
	}
	shown := []json.RawMessage{}
	for _, x := range inOrder(sessions, chosen) {
		b, err := with(x, field{"payment", paid[x.ID]})
		if err != nil {
			return nil, err
		}
		shown = append(shown, b)
	}
	return with(c, field{"payment_sessions", shown}, field{"payments", payments.Items})
}

// collectionAnswer reads the collection again, as others may have changed it. It shows the session that was chosen, if one was, as the last one.
func (s *server) collectionAnswer(ctx context.Context, id, chosen string) (answer, error) {
	c, err := s.svc.GetCollection(ctx, id)
	if err != nil {
		return answer{}, err
	}
	b, err := s.collectionObject(ctx, c, chosen)
	return answer{body: map[string]any{"payment_collection": b}, etag: versionTag(c.Version)}, err
}

func versionTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// providersAnswer lists the providers: for shoppers those that they may choose.
func (s *server) providersAnswer(r *http.Request, filters map[string]*string) (answer, error) {
	var p payment.ListParams
	limit, offset, err := paging(r, &p, filters)
	if err != nil {
		return answer{}, err
	}
	all, err := s.svc.Providers(r.Context())
	if err != nil {
		return answer{}, err
	}
	shown := []map[string]any{}
	for _, one := range all {
		if !s.shoppers || one.Enabled && !s.staffOnly(one.ID) {
			shown = append(shown, map[string]any{"id": one.ID, "is_enabled": one.Enabled})
		}
	}
	return cutAnswer("payment_providers", shown, limit, offset), nil
}

// listAnswer shows a page of a list, of which count rows match in all.
func listAnswer[T any](plural string, items []T, count, limit, offset int) answer {
	if items == nil {
		items = []T{}
	}
	return answer{body: map[string]any{plural: items, "count": count, "limit": limit, "offset": offset}}
}

// cutAnswer shows a page of a list that is there as a whole.
func cutAnswer[T any](plural string, all []T, limit, offset int) answer {
	n := len(all)
	return listAnswer(plural, all[min(offset, n):min(offset+limit, n)], n, limit, offset)
}

// chosen answers the choice of a provider, of which a session and err came: the collection as it is now, also where the outcome is not known yet.
func (s *server) chosen(r *http.Request, collectionID, session string, err error) (answer, error) {
	later := answer{}
	if e, ok := errors.AsType[*payment.SessionError](err); ok && e.Session != nil {
		if out := outcomeOf(e); out.status == http.StatusAccepted {
			later.status, later.retry, err = out.status, out.retryAfter, nil
		}
	}
	if err != nil {
		return answer{}, err
	}
	a, err := s.collectionAnswer(r.Context(), collectionID, session)
	a.status, a.retry = later.status, later.retry
	return a, err
}

func nothingLeft(c *payment.PaymentCollection) error {
	return &payment.StateError{ID: c.ID, Status: string(c.Status()), Action: "pay", Why: "nothing is left to be paid"}
}
