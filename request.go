package payment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/shopspring/decimal"
)

// request is a host's call with an IdempotencyKey.
type request struct {
	method string // the Service's method
	key    string // empty: the call is not remembered
	print  string // fingerprint of the arguments
}

// newRequest checks an IdempotencyKey, and takes the fingerprint of the arguments that it stands for, which are asked for only if there is one.
// Each must encode to JSON in one way only; Private ones are revealed by the caller.
//
// The error is an *InvalidError that names IdempotencyKey.
func newRequest(method, key string, of func() []any) (request, error) {
	r := request{method: method, key: key}
	if key == "" {
		return r, nil
	}
	if len(key) > 255 {
		return r, invalid("IdempotencyKey", "is longer than 255 bytes")
	}
	if err := checkText(key); err != nil {
		return r, invalid("IdempotencyKey", err.Error())
	}
	arguments := of()
	for _, a := range arguments { // a number like 1e1000000000 must not be written out
		d, ok := a.(decimal.Decimal)
		if p, isPointer := a.(*decimal.Decimal); isPointer && p != nil {
			d, ok = *p, true
		}
		if ok && (d.Exponent() > 64 || d.Exponent() < -64) {
			return r, invalid("Amount", errRange(d).Error())
		}
	}
	b, err := json.Marshal(arguments)
	if err != nil {
		return r, invalid("IdempotencyKey", fmt.Sprintf("cannot stand for these arguments: %T", err))
	}
	sum := sha256.Sum256(b)
	r.print = hex.EncodeToString(sum[:])
	return r, nil
}

// row is the request as it is kept.
func (r *request) row(b *book, opID string) *KeyedRequest {
	k := &KeyedRequest{CollectionID: b.collection.ID, Method: r.method, Key: r.key, Fingerprint: r.print, OperationID: opID, CreatedAt: b.now}
	if b.request != nil {
		k.CreatedAt = b.request.CreatedAt
	}
	if b.session != nil {
		k.SessionID = b.session.ID
	}
	return k
}

// answered reports whether a request was made before and has its outcome: the operation that decided it, or none. A request whose
// operation certainly moved nothing is to be decided again.
func (r *request) answered(b *book) (bool, *Operation, error) {
	k := b.request
	if r.key == "" || k == nil {
		return false, nil, nil
	}
	if k.Fingerprint != r.print {
		return false, nil, fmt.Errorf("%w: %s", ErrIdempotencyMismatch, r.method)
	}
	op := b.operation(k.OperationID)
	switch {
	case op == nil && k.Code != "": // a pure provider declined
		return true, &Operation{State: OperationFailed, Code: k.Code}, nil
	case op != nil && op.Kind == OperationInitialize && op.State == OperationSucceeded && r.method == "AuthorizeSession":
		return false, nil, nil // only the first of two steps
	case op != nil && b.moved(op.ID) == nil && op.withoutEffect():
		return false, nil, nil
	}
	return true, op, nil
}
