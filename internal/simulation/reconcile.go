package simulation

import (
	"context"
)

// reconcile begins a Reconcile in a process.
func (w *world) reconcile(p *process) {
	if p.busy > 0 && !w.dice.oneIn(4) {
		return
	}
	if w.procs[1-p.n].busy > 0 {
		w.hit(BothReconcile)
	}
	p.busy++
	calm := w.resting
	w.start(p, "Reconcile", func(a *actor) {
		report, err := p.svc.Reconcile(context.Background())
		a.alive()
		p.busy--
		w.looked += report.Looked
		if err != nil {
			w.secrets.said(w, "an error of Reconcile", err)
		}
		if w.tracing {
			w.log(a, "Reconcile looked at %d, error: %v", report.Looked, err)
		}
		if err != nil && calm {
			w.fail("Reconcile, where nothing goes wrong: %v", err)
		}
	})
}
