package paymentotel

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/seed40c892db/payment"
)

// All attributes. Those of metrics have few values, whatever shoppers, gateways and clients send.
const (
	methodKey        = attribute.Key("payment.method")         // of the Service
	operationKindKey = attribute.Key("payment.operation.kind") // what a provider was called for
	workKindKey      = attribute.Key("payment.work.kind")      // of due work
	eventKindKey     = attribute.Key("payment.event.kind")     // what happened
	providerKey      = attribute.Key("payment.provider.id")    // as configured
	outcomeKey       = attribute.Key("payment.outcome")        // a word
	reasonKey        = attribute.Key("payment.reason")         // why an operation needs a person, or a commit was made again
	whatKey          = attribute.Key("payment.given_up.kind")  // event or delivery
	stateKey         = attribute.Key("payment.operation.state")
	errorTypeKey     = semconv.ErrorTypeKey // the outcome, if it is a failure

	// In spans only.
	codeKey       = attribute.Key("payment.code") // gateways invent such codes
	triesKey      = attribute.Key("payment.operation.tries")
	collectionKey = attribute.Key("payment.collection.id")
	sessionKey    = attribute.Key("payment.session.id")
	paymentKey    = attribute.Key("payment.payment.id")
	operationKey  = attribute.Key("payment.operation.id")
	eventKey      = attribute.Key("payment.event.id")
	deliveryKey   = attribute.Key("payment.delivery.id")
	peerKey       = semconv.ServicePeerNameKey // of a call: the provider, so that maps of services show it
	looked        = attribute.Key("payment.reconcile.looked")
	delivered     = attribute.Key("payment.reconcile.delivered")
	settled       = attribute.Key("payment.reconcile.settled")
	parked        = attribute.Key("payment.reconcile.parked")
	givenUp       = attribute.Key("payment.reconcile.given_up")
	failures      = attribute.Key("payment.reconcile.failed")
)

// subject is what a span is about.
func subject(s payment.Subject) (list []attribute.KeyValue) {
	for _, x := range [...]struct {
		key attribute.Key
		id  string
	}{
		{providerKey, s.ProviderID}, {collectionKey, s.CollectionID}, {sessionKey, s.SessionID}, {paymentKey, s.PaymentID},
		{operationKey, s.OperationID}, {eventKey, s.EventID}, {deliveryKey, s.DeliveryID},
	} {
		if x.id != "" {
			list = append(list, x.key.String(x.id))
		}
	}
	return list
}

// named is what an activity is called, as an attribute.
func named(a payment.Activity) []attribute.KeyValue {
	switch a.Kind {
	case payment.ActivityMethod:
		return []attribute.KeyValue{methodKey.String(a.Name)}
	case payment.ActivityCall:
		return []attribute.KeyValue{operationKindKey.String(a.Name), peerKey.String(a.Subject.ProviderID)}
	case payment.ActivityWork:
		return []attribute.KeyValue{workKindKey.String(a.Name)}
	case payment.ActivityEvent:
		return []attribute.KeyValue{eventKindKey.String(a.Name)}
	}
	return nil
}

// noted is what a signal says, as an event of a span.
func noted(s payment.Signal) []attribute.KeyValue {
	list := subject(s.Subject)
	switch s.Kind {
	case payment.SignalEvent:
		list = append(list, eventKindKey.String(s.Name))
	case payment.SignalGivenUp:
		list = append(list, whatKey.String(s.Name))
	case payment.SignalRetry:
		return append(list, reasonKey.String(s.Outcome))
	default:
		list = append(list, operationKindKey.String(s.Name))
	}
	if s.Outcome != "" {
		list = append(list, outcomeKey.String(s.Outcome))
	}
	if s.Code != "" {
		list = append(list, codeKey.String(s.Code))
	}
	return list
}

// report is what a pass of Reconcile has done, in numbers.
func report(r *payment.Report) []attribute.KeyValue {
	return []attribute.KeyValue{
		looked.Int(r.Looked), delivered.Int(r.Delivered), settled.Int(len(r.Settled)), parked.Int(len(r.Parked)),
		givenUp.Int(len(r.GivenUp)), failures.Int(len(r.Failed)),
	}
}
