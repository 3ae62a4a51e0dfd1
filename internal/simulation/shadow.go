package simulation

import (
	"github.com/seed40c892db/payment"
)

// shadow is what was committed, kept beside the store in minor units, so that each commit can be held against those before it by looking
// only at what it wrote.
type shadow struct {
	collections map[string]*shadowCollection
	sessions    map[string]*shadowSession
	payments    map[string]*shadowPayment
	movements   map[string]*shadowMovement
	ops         map[string]*shadowOp
	order       []*shadowOp // by their first commit
	all         []*shadowSession
	operations  int // ever begun
}

func (s *shadow) make() {
	s.collections = map[string]*shadowCollection{}
	s.sessions = map[string]*shadowSession{}
	s.payments = map[string]*shadowPayment{}
	s.movements = map[string]*shadowMovement{}
	s.ops = map[string]*shadowOp{}
}

// shadowCollection is a collection and the sums of what is below it.
type shadowCollection struct {
	id       string
	version  int64
	canceled bool
	deleted  bool
	complete bool
	seqs     []int64 // of its events, in order
	first    int     // how many of them were delivered, each after those before it

	poisonAt    int64 // when the event was committed that the host never takes
	poisonTries int   // and how often it was tried

	amount                               int64
	held, authorized, captured, refunded int64
	live, failed                         int
}

// shadowSession is a session as last committed.
type shadowSession struct {
	id, reference, account, opID string
	provider                     string
	collection                   *shadowCollection
	payment                      *shadowPayment
	status                       payment.SessionStatus
	amount, held                 int64
	last                         sessionWords
	processing, deleted          bool
	open                         *shadowOp // its open operation
	elsewhere                    bool      // it was authorized at the gateway's own terminal
	forgiven                     bool      // a person accepted what the books cannot show
}

// shadowPayment is a payment as last committed, and the sums of its movements.
type shadowPayment struct {
	id                                                           string
	session                                                      *shadowSession
	amount, authorized, released, capturable, captured, refunded int64
	movements                                                    []*shadowMovement
	unasked, canceled                                            bool
	sumCaptured, sumCapturing, sumRefunded, sumRefunding         int64
	countedAuthorized, countedCaptured, countedRefunded          int64 // what it adds to its collection
}

// shadowMovement is a capture or refund as last committed.
type shadowMovement struct {
	id, opID, reference string
	payment             *shadowPayment
	kind                payment.MovementKind
	state               payment.MovementState
	amount              int64
	returned            bool
}

// shadowOp is an operation as last committed, and the calls that were made for it.
type shadowOp struct {
	id       string
	session  *shadowSession
	kind     payment.OperationKind
	state    payment.OperationState
	code     string
	amount   int64
	tries    int
	executor int // the actor that wrote this number of tries
	beginner int // the actor that began it
	lease    int64
	born     int64 // when it was first committed

	calls     int   // with an effect
	unsent    bool  // the last of them certainly had none
	firstCall int64 // the true time of the first
	request   payment.Request
	forgotten bool  // its key's lifetime is over
	asked     int   // how often a person looked at it
	judged    bool  // a person said that it was not done, of what is there now
	askedAt   int64 // when it was asked about last
	passedAt  int64 // when the challenge that it had asked for was passed
}

// late reports whether its challenge was passed after it had been asked about for the last time.
func (o *shadowOp) late() bool { return o.passedAt > 0 && o.passedAt >= o.askedAt }

func (o *shadowOp) ended() bool {
	return o.state == payment.OperationSucceeded || o.state == payment.OperationFailed
}
