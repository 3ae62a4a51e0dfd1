package main

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"github.com/seed40c892db/payment/sandboxprovider"
)

func TestPay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	b.open("/")
	b.picture("shop")
	b.open("/cart")
	b.picture("cart-empty")
	cart := b.fill("lamp", "mug")
	b.open("/cart")
	b.picture("cart")
	b.open("/checkout/" + cart)
	b.picture("checkout")
	b.card("tok_visa")
	b.click("#submit")
	b.paid(cart, 1)
	b.picture("order")
	require.Equal(t, "73.90", w.shop.card.Intents()[0].Authorized.StringFixed(2))

	b.open("/orders")
	b.reads("Order 1001")
	b.picture("orders")
	b.open("/cart")
	b.reads("There is nothing in it yet.")
	b.open("/checkout/" + cart)
	b.at("/orders/" + cart)
}

// Everything can be done without a mouse.
func TestPayWithTheKeyboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	b.open("/")
	focused := func(selector string) {
		t.Helper()
		for range 60 {
			b.do(chromedp.KeyEvent(kb.Tab))
			is, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](fmt.Sprintf(`document.activeElement.matches(%q)`, selector)))
			require.NoError(t, err)
			if is {
				outlined, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`[document.activeElement, document.activeElement.closest("label")]
					.some((x) => x && getComputedStyle(x).outlineStyle === "solid")`))
				require.NoError(t, err)
				require.True(t, outlined, "one must see that %s has the focus", selector)
				return
			}
		}
		require.Fail(t, "no Tab reaches "+selector, b.shows())
	}
	focused("#add-tea")
	b.do(chromedp.KeyEvent(kb.Enter))
	b.until(`document.querySelector(".count")`)
	focused(`a[href="/cart"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.at("/cart")
	focused(`a[href^="/checkout/"]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.reads("How do you want to pay?")
	focused("input[name=provider]")
	focused("#number")
	b.do(chromedp.KeyEvent("4242424242424242"))
	focused("#expiry")
	b.do(chromedp.KeyEvent("12/30"))
	focused("#code")
	b.do(chromedp.KeyEvent("123"), chromedp.KeyEvent(kb.Enter))
	b.paid(w.only(), 1)
}

func TestChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp")
	b.card("tok_3ds")
	b.click("#submit")
	b.reads("Your bank asks whether this payment is yours.")
	b.picture("challenge")
	require.Equal(t, 0, w.authorized(cart))

	b.open("/checkout/" + cart) // the shopper comes back without having answered
	b.reads("Your bank asks whether it is you")
	b.picture("checkout-challenge")
	b.click("#check")
	b.reads("Your bank has not heard from you yet.")
	b.click("#challenge a.button")
	b.reads("Your bank asks whether this payment is yours.")
	b.click(`button[value="pass"]`)
	b.paid(cart, 1)
}

func TestChallengeFailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp")
	b.card("tok_3ds")
	b.click("#submit")
	b.reads("Your bank asks whether this payment is yours.")
	b.click(`button[value="fail"]`)
	b.at("/checkout/" + cart)
	b.reads("Your bank could not confirm that it was you.")
	require.Equal(t, 0, w.authorized(cart))

	b.card("tok_3ds")
	b.click("#submit")
	b.reads("Your bank asks whether this payment is yours.")
	b.open("/checkout/" + cart)
	b.click("#cancel") // another way, after all
	b.click("#by-cash")
	b.click("#submit")
	b.paid(cart, 0)
	b.reads("It is paid when the parcel comes.")
}

func TestDeclineAndRetry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("plant", "tea")
	b.card("tok_insufficient_funds")
	b.click("#submit")
	b.reads("There is not enough money on this card.")
	b.picture("checkout-declined")
	require.Equal(t, 0, w.authorized(cart))
	b.do(chromedp.Reload())
	b.reads("There is not enough money on this card.")
	b.card("tok_visa")
	b.click("#submit")
	b.paid(cart, 1)
	require.Len(t, w.shop.card.Intents(), 1, "the second card is tried on the same session")
}

func TestDoubleClick(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("mug")
	b.card("tok_visa")
	b.do(chromedp.DoubleClick(chromedp.CSS("#submit")))
	b.paid(cart, 1)
	require.Equal(t, 1, confirms(w))
}

// The page says that nothing was paid where the shop says so, and nowhere else.
func TestWhatMayBePaidIsNotCalledUnpaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	b.fill("mug")
	for code, says := range map[string]string{
		"not_sent": "That did not work, and nothing was paid. Please try again.", "unavailable": "That did not work. Try again: nobody pays twice.",
	} {
		b.card("tok_visa")
		b.do(chromedp.Evaluate[chromedp.Void](`window.fetch = async () => new Response('{"code":"` + code + `"}', {status: 503}); null`))
		b.click("#submit")
		b.reads(says)
	}
}

// A page whose script does not know that it has paid already: the library does.
func TestTwoPaymentsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("mug")
	b.card("tok_visa")
	const both = `(async () => {
		const send = (path, body) => fetch(path, {method: "POST", headers: {"Content-Type": "application/json"},
			body: JSON.stringify(body)}).then((a) => a.json());
		const cart = document.querySelector("#pay").dataset.cart;
		const c = (await send("/store/payment-collections", {cart_id: cart})).payment_collection;
		const choose = () => send("/store/payment-collections/" + c.id + "/payment-sessions", {provider_id: "card", data: {part: "all", shown: "14.90"}});
		const ids = (await Promise.all([choose(), choose()])).map((a) => a.payment_collection.payment_sessions[0].id);
		await Promise.all(ids.map((id) => send("/store/payment-sessions/" + id + "/authorize", {data: {token: "tok_visa"}})));
		return new Set(ids).size;
	})()`
	sessions, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](both, chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	require.Equal(t, 1, sessions)
	b.open("/checkout/" + cart)
	b.paid(cart, 1)
}

// confirms counts how often the gateway of cards was asked to authorize.
func confirms(w *world) int {
	n := 0
	for _, call := range w.shop.card.Requests() {
		if call.Method == sandboxprovider.MethodConfirm {
			n++
		}
	}
	return n
}

// The shopper loses patience while the gateway takes its time.
func TestReloadInTheMiddle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp")
	answer := make(chan struct{})
	w.shop.card.FailNext(sandboxprovider.MethodConfirm, sandboxprovider.Fault{After: answer})
	b.card("tok_visa")
	b.click("#submit")
	require.Eventually(t, func() bool { return w.authorized(cart) == 1 }, patience, tick)
	b.do(chromedp.Reload())
	b.reads("Your payment is being decided")
	b.picture("checkout-deciding")
	gone, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.querySelector("#pay") === null`))
	require.NoError(t, err)
	require.True(t, gone, "there is nothing to pay with")
	close(answer)
	b.paid(cart, 1)
	require.Equal(t, 1, confirms(w))
}

// The gateway has authorized, and nobody hears it.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp")
	b.card("tok_500")
	b.click("#submit")
	b.paid(cart, 1)
	require.Equal(t, 1, confirms(w))
}

func TestBackButton(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("notebook")
	b.card("tok_3ds")
	b.click("#submit")
	b.reads("Your bank asks whether this payment is yours.")
	b.back()
	b.reads("Your bank asks whether it is you")
	b.click("#cancel")
	b.reads("How do you want to pay?")
	b.card("tok_visa")
	b.click("#submit")
	b.paid(cart, 1)

	for range 2 { // wherever Back leads: nothing can be paid again
		b.back()
		b.until(`document.readyState === "complete" &&
			(location.pathname !== "/checkout/` + cart + `" || document.body.innerText.includes("order is complete"))`)
	}
	b.open("/checkout/" + cart)
	b.paid(cart, 1)
}

func TestTwoTabs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.browse()
	cart := one.fill("pencils")
	two := one.another()
	two.open("/checkout/" + cart)
	one.card("tok_visa")
	two.card("tok_visa")
	one.click("#submit")
	one.paid(cart, 1)
	two.click("#submit")
	two.paid(cart, 1)
}

// What one tab puts into the cart, the other has not shown: it must not be paid unseen, nor left out.
func TestTwoTabsAndAnotherCart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := w.browse()
	cart := one.fill("pencils")
	two := one.another()
	two.open("/")
	two.click("#add-lamp")
	two.until(`document.querySelector(".count")?.textContent.startsWith("2")`)
	one.card("tok_visa")
	one.click("#submit")
	one.reads("Something has changed meanwhile")
	one.reads("65.25")
	require.Equal(t, 0, w.authorized(cart))
	one.card("tok_visa")
	one.click("#submit")
	one.paid(cart, 1)
	require.Equal(t, "65.25", w.shop.card.Intents()[0].Authorized.StringFixed(2))
}

func TestDelayedTransfer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp", "plant")
	b.click("#by-bank")
	b.picture("checkout-bank")
	b.click("#submit")
	b.at("/orders/" + cart)
	b.reads("Waiting for the bank")
	b.picture("order-waiting")
	require.Equal(t, 0, w.authorized(cart))

	// Not the page that sends the click is the one that must hear of it.
	two := b.another()
	two.open("/orders/" + cart)
	two.reads("Waiting for the bank")
	b.do(chromedp.Evaluate[chromedp.Void](`window.still = true`))
	two.click("#bank-confirms")
	two.paid(cart, 1)
	b.paid(cart, 1)
	still, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`window.still === true &&
		document.querySelector("#status").textContent.includes("complete")`))
	require.NoError(t, err)
	require.True(t, still, "the page waited, was not loaded again, and says aloud what has come")
	require.Contains(t, w.told.String(), "Held")
}

func TestDelayedTransferRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp")
	b.click("#by-bank")
	b.click("#submit")
	b.click("#bank-refuses")
	b.reads("This order is not paid yet.")
	b.click(`a[href="/checkout/` + cart + `"]`)
	b.reads("How do you want to pay?")
	b.card("tok_visa")
	b.click("#submit")
	b.paid(cart, 1)
}

func TestSplitBetweenTwoProviders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp", "tea")
	b.click(`input[value="third"]`)
	b.card("tok_visa")
	b.click("#submit")
	b.reads("Part of this order is still to be paid.")
	b.reads("46.80")
	require.Equal(t, 1, w.authorized(cart))
	b.picture("order-part")
	b.click(`a[href="/checkout/` + cart + `"]`)
	b.reads("How do you want to pay?")
	b.picture("checkout-part")
	b.click("#by-bank")
	b.click("#submit")
	b.reads("Waiting for the bank")
	b.click("#bank-confirms")
	b.paid(cart, 2)
	b.picture("order-split")
	require.Equal(t, "23.40", w.shop.card.Intents()[0].Authorized.StringFixed(2))
	require.Equal(t, "46.80", w.shop.bank.Intents()[0].Authorized.StringFixed(2))
}

func TestOffice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browse()
	cart := b.fill("lamp")
	b.card("tok_visa")
	b.click("#submit")
	b.paid(cart, 1)

	b.open("/office")
	b.reads("Staff only")
	b.picture("office-closed")
	b.office()
	b.reads("Order 1001")
	b.picture("office")
	b.click(`a[href="/office/orders/` + cart + `"]`)
	b.reads("Take what is held")
	b.picture("office-order")
	amount := func(form, value string) {
		t.Helper()
		b.do(chromedp.SetValue(chromedp.CSS(form+" [name=amount]"), value))
		b.do(chromedp.DoubleClick(chromedp.CSS(form + " button")))
	}
	amount(`form[data-path$="/capture"]`, "40.00")
	b.reads("The money was taken.")
	amount(`form[data-path$="/refund"]`, "15.50")
	b.reads("The money was given back.")
	b.picture("office-moved")
	amount(`form[data-path$="/refund"]`, "99.00")
	b.reads("That is not possible")
	b.click(`form[data-path$="/cancel"] button`)
	b.reads("What was held is released.")
	in := w.shop.card.Intents()[0]
	require.Equal(t, []string{"40.00", "15.50", "0.00"}, []string{in.Captured.StringFixed(2), in.Refunded.StringFixed(2), in.Capturable.StringFixed(2)})
	require.Len(t, in.Movements, 2, "a double click is one capture, and one refund")
	b.open("/orders/" + cart)
	b.reads("of it given back")
	b.reads("Your order is complete.") // what the shop has released is not asked for again
	b.picture("order-moved")
}
