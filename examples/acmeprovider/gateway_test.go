package acmeprovider

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed40c892db/payment"
)

// gateway is Acme in memory: an http.Handler with books.
type gateway struct {
	mu      sync.Mutex
	orders  []*order
	answers map[string]answer // by key, for as long as the test lasts
}

type answer struct {
	status int
	body   []byte
}

func newGateway() *gateway { return &gateway{answers: map[string]answer{}} }

func (g *gateway) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	key := q.Header.Get("Idempotency-Key")
	a, repeated := g.answers[key]
	if !repeated {
		a = g.answer(q, key)
	}
	if key != "" {
		g.answers[key] = a
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func refuse(status int, code string) answer {
	return answer{status, fmt.Appendf(nil, `{"code":%q}`, code)}
}

// tell answers with an order, or a list of them.
func tell(v any) answer {
	b, err := json.Marshal(v)
	if err != nil {
		return refuse(http.StatusInternalServerError, "json")
	}
	return answer{http.StatusOK, b}
}

func (g *gateway) answer(q *http.Request, key string) answer {
	if q.Header.Get("Authorization") != "Bearer sk_acme" {
		return refuse(http.StatusUnauthorized, "wrong_key")
	}
	var b body
	if content, _ := io.ReadAll(q.Body); len(content) > 0 && json.Unmarshal(content, &b) != nil {
		return refuse(http.StatusBadRequest, "body")
	}
	id, action, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(q.URL.Path, "/orders"), "/"), "/")
	if id == "" {
		if q.Method == http.MethodGet {
			return g.search(q.URL.Query().Get("session"))
		}
		return g.open(b)
	}
	o := g.find(id)
	switch {
	case o == nil:
		return refuse(http.StatusNotFound, "no_such_order")
	case q.Method == http.MethodGet:
		return tell(o)
	}
	return o.do(action, b, key)
}

func (g *gateway) open(b body) answer {
	n := strconv.Itoa(len(g.orders) + 1)
	o := &order{ID: "ord_" + n, Session: b.Session, Account: "merchant_7", Status: "open", Amount: b.Amount, Currency: b.Currency, ClientToken: "client_" + n}
	g.orders = append(g.orders, o)
	return tell(o)
}

func (g *gateway) search(session string) answer {
	found := []*order{}
	for _, o := range g.orders {
		if o.Session == session {
			found = append(found, o)
		}
	}
	return tell(map[string][]*order{"orders": found})
}

func (g *gateway) find(id string) *order {
	for _, o := range g.orders {
		if o.ID == id {
			return o
		}
	}
	return nil
}

// do changes an order. An empty action is an update.
func (o *order) do(action string, b body, key string) answer {
	open := o.Status == "open" || o.Status == "declined" || o.Status == "challenged"
	captured, refunded := o.sum("capture"), o.sum("refund")
	switch {
	case action == "refunds" && b.Amount > captured-refunded:
		return refuse(http.StatusUnprocessableEntity, "amount_too_large")
	case action == "refunds":
		o.move("refund", key, b.Amount)
	case action == "captures" && o.Status != "authorized", action != "captures" && action != "cancel" && !open,
		action == "cancel" && (o.Status == "canceled" || o.Status == "authorized" && o.Capturable == 0):
		return refuse(http.StatusConflict, "order_state")
	case action == "captures" && b.Amount > o.Capturable:
		return refuse(http.StatusUnprocessableEntity, "amount_too_large")
	case action == "captures":
		o.move("capture", key, b.Amount)
		if o.Capturable -= b.Amount; b.Final {
			o.Capturable = 0
		}
	case action == "cancel":
		if o.Capturable = 0; captured == 0 {
			o.Status = "canceled"
		}
	case action == "":
		o.Amount, o.Status = b.Amount, "open"
	case b.Token == "tok_empty":
		o.Status, o.DeclineCode = "declined", "insufficient_funds"
	case b.Token == "tok_3ds":
		o.Status, o.ActionURL = "challenged", "https://bank.acme.example/"+o.ID
	default:
		o.authorize()
	}
	return tell(o)
}

func (o *order) authorize() {
	o.Status, o.Authorized, o.Capturable, o.ActionURL, o.DeclineCode = "authorized", o.Amount, o.Amount, "", ""
}

func (o *order) sum(kind string) (n int64) {
	for _, m := range o.Movements {
		if m.Kind == kind {
			n += m.Amount
		}
	}
	return n
}

func (o *order) move(kind, key string, amount int64) {
	id := fmt.Sprintf("%s_%d", o.ID, len(o.Movements)+1)
	o.Movements = append(o.Movements, movement{ID: id, Kind: kind, Key: key, Amount: amount, Status: "done", At: time.Now()})
}

// passChallenge is the shopper at the bank's page.
func (g *gateway) passChallenge(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.find(id).authorize()
}

// webhook is a message about a session, signed now.
func (g *gateway) webhook(r payment.Request) payment.WebhookRequest {
	now := time.Now()
	body := fmt.Appendf(nil, `{"id":"msg_%d","type":"order.updated","session":%q,"order":%q}`, now.UnixNano(), r.SessionID, r.Reference)
	at := strconv.FormatInt(now.Unix(), 10)
	header := http.Header{"Acme-Signature": {at + "." + hex.EncodeToString(sign("whsec_acme", at, body))}}
	return payment.WebhookRequest{Header: header, Body: body, Now: now}
}
