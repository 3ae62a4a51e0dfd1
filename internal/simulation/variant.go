package simulation

import (
	"time"

	"github.com/seed40c892db/payment"
	"github.com/seed40c892db/payment/manualprovider"
	"github.com/seed40c892db/payment/sandboxprovider"
)

// variant is what kind of world it is.
type variant struct {
	currency string
	digits   int32
	total    int64 // what its first collection owes, in minor units

	crowd int              // how much is under way at once at the most
	leaps int              // time leaps once in so many steps
	rate  int              // something goes wrong once in so many times that it could
	quiet [faultCount]bool // what does not go wrong here

	lies        int // the gateway lies once in so many answers; 0: never
	hostile     bool
	noKeys      bool
	noStatus    bool
	askByKey    bool
	noList      bool
	noCancel    bool
	noUpdate    bool
	browsers    bool
	manual      bool
	keyLife     int64
	replicas    bool // the gateway answers questions from replicas
	mute        bool // none of its messages arrives
	gateway     sandboxprovider.GatewayConfig
	provider    sandboxprovider.Config
	poison      int           // which event of a collection its host never takes, counted from 1; 0: none
	sessionLife time.Duration // Config.SessionLifetime
	every       time.Duration // how often the processes do their due work by themselves; 0: they do not
}

// on reports whether a kind of fault happens in this world.
func (v *variant) on(f Fault) bool { return !v.quiet[f] }

// honest reports whether the gateway tells all, at any time, and the truth.
func (v *variant) honest() bool {
	return !v.hostile && v.lies == 0 && !v.noStatus && v.askByKey && !v.noList
}

// drawVariant draws what kind of world it is. Each leaves out some kinds of faults, so that others come together more often.
func (w *world) drawVariant(profile string) {
	v, d := &w.v, &w.dice
	v.crowd = 2 + d.n(5)
	v.leaps = pick(d, []int{40, 80, 200})
	v.rate = pick(d, []int{5, 8, 14, 30})
	if d.oneIn(12) || profile == ProfileCalm {
		w.faulty = false
	}
	if d.oneIn(2) {
		for i := range v.quiet[:AnswerFromReplica] {
			v.quiet[i] = d.oneIn(3)
		}
	}
	switch d.n(4) {
	case 0:
		v.currency, v.digits = "JPY", 0
		w.hit(NoDecimals)
	case 1:
		v.currency, v.digits = "KWD", 3
		w.hit(ThreeDecimals)
	default:
		v.currency, v.digits = "EUR", 2
		w.hit(TwoDecimals)
	}
	v.total = pick(d, []int64{100, 1000, 4200, 99_999})
	if w.faulty && d.oneIn(20) {
		v.poison = 1 + d.n(12)
	}
	if d.oneIn(6) {
		v.sessionLife = time.Hour
	}
	if d.oneIn(5) {
		v.crowd += 2
		v.every = pick(d, []time.Duration{20 * time.Second, 2 * time.Minute})
	}
	if profile == ProfileHostile || profile == ProfileDefault && d.oneIn(14) {
		v.hostile = true
		w.hit(GatewayHostile)
		return
	}
	if v.manual = d.oneIn(8); v.manual {
		w.hit(PureProvider)
	}
	if w.faulty && d.oneIn(6) {
		v.lies = pick(d, []int{4, 10, 30})
	}
	w.drawGateway()
}

// drawGateway draws what the gateway lacks.
func (w *world) drawGateway() {
	v, d := &w.v, &w.dice
	flag := func(n int, f Fault) bool {
		on := d.oneIn(n)
		if on {
			w.hit(f)
		}
		return on
	}
	g := &v.gateway
	v.noKeys = flag(5, GatewayWithoutKeys)
	v.askByKey = !v.noKeys
	g.NoKeys = v.noKeys
	if !v.noKeys && flag(6, GatewayWithoutStatusByKey) {
		v.askByKey = false
	}
	v.noStatus = flag(10, GatewayWithoutStatus)
	v.replicas = w.seed%8 == 5
	v.mute = w.seed%8 == 6 && !v.noStatus
	v.browsers = flag(5, GatewayOfBrowsers)
	v.provider = sandboxprovider.Config{ClientConfirms: v.browsers, NoStatus: v.noStatus}
	if !v.browsers {
		v.noCancel = flag(12, GatewayWithoutCanceler)
	}
	v.noUpdate = flag(8, GatewayWithoutUpdater)
	g.SingleCapture = flag(4, GatewayCapturesOnce)
	g.WholeRefunds = flag(5, GatewayRefundsWhole)
	v.keyLife = 24 * hour
	if !v.noKeys && flag(3, GatewayForgetsSoon) {
		if v.keyLife = hour; w.seed%2 == 0 {
			v.keyLife = 10 * minute // less than a request may be under way
		}
	}
	if v.noKeys {
		v.keyLife = 0
	}
	g.KeyTTL = time.Duration(v.keyLife)
	if v.noList = flag(10, GatewayWithoutList); v.noList {
		return // what it cannot tell, nobody does
	}
	g.AutoCapture = flag(8, GatewayCapturesItself)
	g.AsyncCaptures = flag(4, GatewayCapturesLate)
	g.AsyncRefunds = flag(4, GatewayRefundsLate)
	if flag(4, AuthorizationsExpire) {
		g.AuthorizationLife = 5 * 24 * time.Hour
	}
	if flag(4, IntentsExpire) {
		g.IntentLife = 2 * time.Hour
	}
}

// makeGateway makes the gateway and what the processes reach it through.
func (w *world) makeGateway() {
	v := &w.v
	v.gateway.Now, v.gateway.Fault = w.clock, w.onTheWay
	w.gateway = sandboxprovider.NewGateway(v.gateway)
	if v.hostile {
		w.provider = newLiar(w)
		return
	}
	g := &gate{w: w, inner: sandboxprovider.New(w.gateway, v.provider)}
	g.info = g.inner.Describe()
	g.info.StatusByKey = g.info.StatusByKey && v.askByKey
	switch {
	case v.noCancel && v.noUpdate:
		w.provider = gateNeither{g}
	case v.noCancel:
		w.provider = gateWithoutCanceler{g}
	case v.noUpdate:
		w.provider = gateWithoutUpdater{g}
	default:
		w.provider = gateWhole{g}
	}
}

// providers are those that each process has.
func (w *world) providers() []payment.Provider {
	if w.v.manual {
		return []payment.Provider{w.provider, manualprovider.New()}
	}
	return []payment.Provider{w.provider}
}

// goesWrong draws whether a fault of some kind happens now: once in n times as often as this world's rate.
func (w *world) goesWrong(f Fault, n int) bool {
	return w.faulty && w.dice.oneIn(n*w.v.rate) && w.v.on(f)
}
