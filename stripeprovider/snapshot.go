package stripeprovider

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/seed40c892db/payment"
)

// view is what the mapping knows beside the intent.
type view struct {
	info           payment.ProviderInfo
	publishableKey string
	account        string
}

// snapshot translates an intent, whose charge is expanded where it has one, and all of its refunds. It does no I/O.
//
// The error says what cannot be read: the outcome is unknown then.
func (v view) snapshot(in *stripe.PaymentIntent, refunds []*stripe.Refund) (payment.Snapshot, error) {
	code := strings.ToUpper(string(in.Currency))
	rule, err := v.info.CurrencyRule(code)
	if err != nil || in.ID == "" {
		return payment.Snapshot{}, errors.New("stripe: the answer is no payment intent")
	}
	s := payment.Snapshot{Reference: in.ID, Account: v.account, CurrencyCode: code, Amount: rule.FromMinorUnits(in.Amount), Decline: decline(in)}
	ours, err := ourCaptures(in.Metadata)
	if err != nil {
		return payment.Snapshot{}, err
	}
	if s.State, err = state(in); err != nil {
		return payment.Snapshot{}, err
	}
	if len(ours) > 0 && s.State != payment.SnapshotCanceled { // it was authorized, and a capture alone has changed that: what became of it is its movement
		s.State, s.Decline = payment.SnapshotAuthorized, nil
	}
	if s.State == payment.SnapshotRequiresMore {
		s.NextAction = nextAction(in.NextAction)
	}
	if s.State == payment.SnapshotAuthorized || s.State == payment.SnapshotCanceled {
		capturable := rule.FromMinorUnits(in.AmountCapturable)
		s.Capturable = &capturable
		s.Authorized = rule.FromMinorUnits(authorized(in))
	}
	if card := cardOf(in); card != nil && in.Status == stripe.PaymentIntentStatusRequiresCapture && card.CaptureBefore > 0 {
		s.CaptureBefore = time.Unix(card.CaptureBefore, 0).UTC()
	}
	captures, err := v.captures(in, ours, rule)
	if err != nil {
		return payment.Snapshot{}, err
	}
	s.Movements = append(make([]payment.Movement, 0, len(captures)+len(refunds)), captures...)
	// What was received is Stripe's own sum, and the list of captures is drawn from metadata that anybody may have changed.
	s.Totals = &payment.Totals{Captured: rule.FromMinorUnits(in.AmountReceived)}
	for _, r := range refunds {
		if r == nil {
			return payment.Snapshot{}, errors.New("stripe: the list of refunds cannot be read")
		}
		if m, ok := refund(r, in, rule); ok {
			s.Movements = append(s.Movements, m)
			if m.State == payment.MovementSucceeded {
				s.Totals.Refunded = s.Totals.Refunded.Add(m.Amount)
			}
		}
	}
	s.Data = v.data(in, s)
	return s, nil
}

// data is what the browser needs, and nothing else of the intent.
func (v view) data(in *stripe.PaymentIntent, s payment.Snapshot) payment.Data {
	d := payment.Data{
		"intent_id":       in.ID,
		"client_secret":   in.ClientSecret,
		"amount":          s.Amount.StringFixed(-s.Amount.Exponent()), // with all of the currency's digits
		"currency_code":   s.CurrencyCode,
		"status":          string(in.Status),
		"publishable_key": v.publishableKey,
	}
	if v.account != "" {
		d["account"] = v.account // Stripe.js needs it as stripeAccount
	}
	if v.info.MultiCapture && in.Status == stripe.PaymentIntentStatusRequiresCapture && capturedInParts(in) {
		d[dataMultiCapture] = true
	}
	return d
}

// capturedInParts reports whether Stripe takes more than one capture of a charge, which it says of each: by its network, its wallet and the account.
func capturedInParts(in *stripe.PaymentIntent) bool {
	card := cardOf(in)
	return card != nil && card.Multicapture != nil && card.Multicapture.Status == stripe.ChargePaymentMethodDetailsCardMulticaptureStatusAvailable
}

// state translates the status of an intent that we have not captured: https://docs.stripe.com/payments/paymentintents/lifecycle. There, to capture
// moves an intent to processing, and a failure back to requires_payment_method.
func state(in *stripe.PaymentIntent) (payment.SnapshotState, error) {
	switch in.Status {
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		if decline(in) != nil {
			return payment.SnapshotDeclined, nil
		}
		return payment.SnapshotPending, nil
	case stripe.PaymentIntentStatusRequiresConfirmation:
		return payment.SnapshotPending, nil
	case stripe.PaymentIntentStatusRequiresAction:
		return payment.SnapshotRequiresMore, nil
	case stripe.PaymentIntentStatusProcessing:
		return payment.SnapshotProcessing, nil
	case stripe.PaymentIntentStatusRequiresCapture, stripe.PaymentIntentStatusSucceeded:
		return payment.SnapshotAuthorized, nil
	case stripe.PaymentIntentStatusCanceled:
		return payment.SnapshotCanceled, nil
	}
	return "", fmt.Errorf("stripe: status %.32q is not known", in.Status)
}

// decline is why the last try was refused, nil where it was not. Stripe clears it with the next try.
func decline(in *stripe.PaymentIntent) *payment.Decline {
	e := in.LastPaymentError
	if e == nil {
		return nil
	}
	return &payment.Decline{Code: reasonOf(e), Message: codeOf(e) + ": " + words(e.Msg)}
}

// authorized is how much was authorized, in all: captures and refunds do not reduce it. 0 where nothing was.
func authorized(in *stripe.PaymentIntent) int64 {
	charge := in.LatestCharge
	switch {
	case in.Status == stripe.PaymentIntentStatusCanceled && in.AmountReceived == 0 && (charge == nil || charge.Status != stripe.ChargeStatusSucceeded):
		return 0 // it was canceled before anybody authorized it
	case cardOf(in) != nil && cardOf(in).AmountAuthorized > 0:
		return cardOf(in).AmountAuthorized
	case charge != nil && charge.Amount > 0:
		return charge.Amount
	}
	return in.Amount
}

func cardOf(in *stripe.PaymentIntent) *stripe.ChargePaymentMethodDetailsCard {
	if in.LatestCharge == nil || in.LatestCharge.PaymentMethodDetails == nil {
		return nil
	}
	return in.LatestCharge.PaymentMethodDetails.Card
}

// ourCapture is one capture as our own call has written it down.
type ourCapture struct {
	key    string
	amount int64
}

// ourCaptures reads what our own calls have written into the metadata, in a fixed order.
func ourCaptures(metadata map[string]string) ([]ourCapture, error) {
	var list []ourCapture
	for name, value := range metadata {
		key, ok := strings.CutPrefix(name, metaCapture)
		if !ok || len(key) != 32 || !consists(key, digits+"abcdef", 32) {
			continue
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n <= 0 {
			return nil, errors.New("stripe: the metadata of a capture was changed")
		}
		list = append(list, ourCapture{key, n})
	}
	slices.SortFunc(list, func(a, b ourCapture) int { return strings.Compare(a.key, b.key) })
	return list, nil
}

// captures tells our captures from others. Stripe keeps no list of them: an intent has one charge, of which amount_received was captured.
// Each of our calls writes its key and amount into the intent's metadata as it captures; what was received beyond those was captured
// elsewhere, at the dashboard or by Stripe itself (automatic capture).
//
// A capture's reference depends on nothing but itself: under another one it would be another capture, and counted twice. Ours has the intent's ID,
// since after a capture that failed the intent may get another charge.
func (v view) captures(in *stripe.PaymentIntent, list []ourCapture, rule payment.CurrencyRule) ([]payment.Movement, error) {
	var sum int64
	for _, c := range list {
		if sum += c.amount; sum < 0 {
			return nil, errors.New("stripe: the metadata of a capture was changed")
		}
	}
	var moved []payment.Movement
	add := func(list []ourCapture, state payment.MovementState) {
		for _, c := range list {
			moved = append(moved, payment.Movement{
				Kind: payment.MovementCapture, Reference: in.ID + ":" + c.key, IdempotencyKey: c.key, Amount: rule.FromMinorUnits(c.amount), State: state,
			})
		}
	}
	// Metadata without its money: Stripe takes its time, or the capture came to nothing.
	switch missing := sum - in.AmountReceived; {
	case missing <= 0:
		add(list, payment.MovementSucceeded)
	case in.Status == stripe.PaymentIntentStatusProcessing:
		add(list, payment.MovementPending)
	default:
		there, lost, err := v.without(list, sum, missing)
		if err != nil {
			return nil, err
		}
		sum -= missing
		add(there, payment.MovementSucceeded)
		if in.Status != stripe.PaymentIntentStatusRequiresCapture && in.Status != stripe.PaymentIntentStatusSucceeded { // there its money may come yet
			add(lost, payment.MovementFailed)
		}
	}
	if other := in.AmountReceived - sum; other > 0 {
		reference := in.ID // of an answer whose charge is missing
		if in.LatestCharge != nil && in.LatestCharge.ID != "" {
			reference = in.LatestCharge.ID
		}
		moved = append(moved, payment.Movement{
			Kind: payment.MovementCapture, Reference: reference, Amount: rule.FromMinorUnits(other), State: payment.MovementSucceeded,
		})
	}
	return moved, nil
}

// without parts our captures into those whose money is there and those whose money is missing.
//
// The error says that this cannot be told.
func (v view) without(list []ourCapture, sum, missing int64) (there, lost []ourCapture, err error) {
	i := slices.IndexFunc(list, func(c ourCapture) bool { return c.amount == missing })
	switch {
	case missing == sum:
		return nil, list, nil
	case i < 0:
		return nil, nil, errors.New("stripe: less was received than our captures add up to")
	case v.info.MultiCapture && slices.ContainsFunc(list[i+1:], func(c ourCapture) bool { return c.amount == missing }):
		return nil, nil, errors.New("stripe: which of our captures came to nothing cannot be told")
	}
	return slices.Concat(list[:i], list[i+1:]), list[i : i+1], nil
}

// refund translates one refund of an intent; false where it gave nothing back. One that has the intent's own key is not ours: somebody has copied the
// intent's metadata.
//
// Stripe writes down as a refund, too, what it releases of an authorization: when an intent is canceled or lapses, and what a final
// capture leaves (https://docs.stripe.com/api/payment_intents/cancel: "automatically refunded"). No money moves, and so the balance has no
// transaction for it.
func refund(r *stripe.Refund, in *stripe.PaymentIntent, rule payment.CurrencyRule) (payment.Movement, bool) {
	key := r.Metadata[metaOperation]
	if key == in.Metadata[metaOperation] {
		key = ""
	}
	m := payment.Movement{Kind: payment.MovementRefund, Reference: r.ID, IdempotencyKey: key, Amount: rule.FromMinorUnits(r.Amount)}
	if r.Created > 0 {
		m.At = time.Unix(r.Created, 0).UTC()
	}
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		m.State = payment.MovementSucceeded
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		m.State = payment.MovementFailed
	default: // pending, requires_action, and what Stripe may add: it is not over
		m.State = payment.MovementPending
	}
	released := r.Reason == stripe.RefundReasonExpiredUncapturedCharge || m.State == payment.MovementSucceeded && r.BalanceTransaction == nil
	return m, key != "" || !released
}

// nextAction translates what the shopper has to do. A redirect and the pages that Stripe hosts are URLs; the rest is done by Stripe.js,
// by handleNextAction with the client secret: https://docs.stripe.com/js/payment_intents/handle_next_action
func nextAction(a *stripe.PaymentIntentNextAction) *payment.NextAction {
	sdk := &payment.NextAction{Kind: payment.ActionClientSDK, Data: payment.Data{"type": "use_stripe_sdk"}}
	if a == nil {
		return sdk
	}
	var url string
	switch {
	case a.RedirectToURL != nil:
		url = a.RedirectToURL.URL
	case a.AlipayHandleRedirect != nil:
		url = a.AlipayHandleRedirect.URL
	case a.BoletoDisplayDetails != nil:
		url = a.BoletoDisplayDetails.HostedVoucherURL
	case a.CashAppHandleRedirectOrDisplayQRCode != nil:
		url = a.CashAppHandleRedirectOrDisplayQRCode.HostedInstructionsURL
	case a.DisplayBankTransferInstructions != nil:
		url = a.DisplayBankTransferInstructions.HostedInstructionsURL
	case a.KonbiniDisplayDetails != nil:
		url = a.KonbiniDisplayDetails.HostedVoucherURL
	case a.MultibancoDisplayDetails != nil:
		url = a.MultibancoDisplayDetails.HostedVoucherURL
	case a.OXXODisplayDetails != nil:
		url = a.OXXODisplayDetails.HostedVoucherURL
	case a.PayNowDisplayQRCode != nil:
		url = a.PayNowDisplayQRCode.HostedInstructionsURL
	case a.PixDisplayQRCode != nil:
		url = a.PixDisplayQRCode.HostedInstructionsURL
	case a.PromptPayDisplayQRCode != nil:
		url = a.PromptPayDisplayQRCode.HostedInstructionsURL
	case a.SwishHandleRedirectOrDisplayQRCode != nil:
		url = a.SwishHandleRedirectOrDisplayQRCode.HostedInstructionsURL
	case a.UpiHandleRedirectOrDisplayQRCode != nil:
		url = a.UpiHandleRedirectOrDisplayQRCode.HostedInstructionsURL
	case a.VerifyWithMicrodeposits != nil:
		url = a.VerifyWithMicrodeposits.HostedVerificationURL
	case a.WeChatPayDisplayQRCode != nil:
		url = a.WeChatPayDisplayQRCode.HostedInstructionsURL
	case a.CardAwaitNotification != nil:
		return &payment.NextAction{Kind: payment.ActionWait}
	}
	if url != "" {
		return &payment.NextAction{Kind: payment.ActionRedirect, URL: url}
	}
	if consists(string(a.Type), lower+digits+"_", 64) {
		sdk.Data["type"] = string(a.Type)
	}
	return sdk
}
