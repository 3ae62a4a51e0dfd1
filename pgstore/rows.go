package pgstore

import "github.com/seed40c892db/payment"

// The tables, and how their rows are written and read: a function of each kind, column by column in the table's order.

func collectionTable() table {
	return table{"collections", []string{"id"}, columns(text, "id", number, "version", text, "currency_code",
		amount, "amount authorized held captured refunded", number, "live_sessions failed_sessions declines",
		list, "provider_ids", object, "metadata", stamp, "completed_at canceled_at deleted_at", moment, "created_at", stamp, "updated_at")}
}

func (w *writer) collection(c *payment.PaymentCollection, version int64) {
	w.begin("PaymentCollection", 18)
	w.text("ID", c.ID)
	w.number(version)
	w.text("CurrencyCode", c.CurrencyCode)
	w.amount(c.Amount)
	w.amount(c.Authorized)
	w.amount(c.Held)
	w.amount(c.Captured)
	w.amount(c.Refunded)
	w.number(int64(c.LiveSessions))
	w.number(int64(c.FailedSessions))
	w.number(int64(c.Declines))
	w.list("ProviderIDs", c.ProviderIDs)
	w.data("Metadata", c.Metadata)
	w.stamp(c.CompletedAt)
	w.stamp(c.CanceledAt)
	w.stamp(c.DeletedAt)
	w.moment(c.CreatedAt)
	w.stamp(c.UpdatedAt)
}

func (r *reader) collection() *payment.PaymentCollection {
	return &payment.PaymentCollection{
		ID: r.text(), Version: r.number(), CurrencyCode: r.text(),
		Amount: r.amount(), Authorized: r.amount(), Held: r.amount(), Captured: r.amount(), Refunded: r.amount(),
		LiveSessions: int(r.number()), FailedSessions: int(r.number()), Declines: int(r.number()),
		ProviderIDs: r.list(), Metadata: r.data(), CompletedAt: r.time(), CanceledAt: r.time(), DeletedAt: r.time(),
		CreatedAt: r.time(), UpdatedAt: r.time(),
	}
}

func sessionTable() table {
	return table{"sessions", []string{"id"}, columns(text, "id collection_id provider_id currency_code", amount, "amount held", text, "status",
		number, "revision", object, "data private context metadata", unique, "reference", text, "account", object, "next_action",
		text, "reason operation_id payment_id", number, "declines", stamp, "initialized_at processing_since asked_at", list, "accepted",
		stamp, "resolved_at authorized_at canceled_at expires_at deleted_at", moment, "created_at", stamp, "updated_at")}
}

func (w *writer) session(s *payment.PaymentSession) {
	w.begin("PaymentSession", 30)
	w.text("ID", s.ID)
	w.owner(s.CollectionID)
	w.text("ProviderID", s.ProviderID)
	w.text("CurrencyCode", s.CurrencyCode)
	w.amount(s.Amount)
	w.amount(s.Held)
	w.text("Status", string(s.Status))
	w.number(s.Revision)
	w.data("Data", s.Data)
	w.private("Private", s.Private)
	w.private("Context", s.Context)
	w.data("Metadata", s.Metadata)
	w.unique("Reference", s.Reference)
	w.text("Account", s.Account)
	w.action(s.NextAction)
	w.text("Reason", s.Reason)
	w.text("OperationID", s.OperationID)
	w.text("PaymentID", s.PaymentID)
	w.number(int64(s.Declines))
	w.stamp(s.InitializedAt)
	w.stamp(s.ProcessingSince)
	w.stamp(s.AskedAt)
	w.list("Accepted", s.Accepted)
	w.stamp(s.ResolvedAt)
	w.stamp(s.AuthorizedAt)
	w.stamp(s.CanceledAt)
	w.stamp(s.ExpiresAt)
	w.stamp(s.DeletedAt)
	w.moment(s.CreatedAt)
	w.stamp(s.UpdatedAt)
}

func (r *reader) session() *payment.PaymentSession {
	return &payment.PaymentSession{
		ID: r.text(), CollectionID: r.text(), ProviderID: r.text(), CurrencyCode: r.text(), Amount: r.amount(), Held: r.amount(),
		Status: payment.SessionStatus(r.text()), Revision: r.number(), Data: r.data(), Private: r.private(), Context: r.private(),
		Metadata: r.data(), Reference: r.text(), Account: r.text(), NextAction: r.action(), Reason: r.text(), OperationID: r.text(),
		PaymentID: r.text(), Declines: int(r.number()), InitializedAt: r.time(), ProcessingSince: r.time(), AskedAt: r.time(),
		Accepted: r.list(), ResolvedAt: r.time(), AuthorizedAt: r.time(), CanceledAt: r.time(), ExpiresAt: r.time(), DeletedAt: r.time(),
		CreatedAt: r.time(), UpdatedAt: r.time(),
	}
}

func paymentTable() table {
	return table{"payments", []string{"id"}, columns(text, "id collection_id session_id provider_id currency_code",
		amount, "amount authorized released capturable captured refunded", flag, "unasked", object, "data metadata",
		stamp, "capture_before captured_at canceled_at", moment, "created_at", stamp, "updated_at")}
}

func (w *writer) payment(p *payment.Payment) {
	w.begin("Payment", 19)
	w.text("ID", p.ID)
	w.owner(p.CollectionID)
	w.text("SessionID", p.SessionID)
	w.text("ProviderID", p.ProviderID)
	w.text("CurrencyCode", p.CurrencyCode)
	w.amount(p.Amount)
	w.amount(p.Authorized)
	w.amount(p.Released)
	w.amount(p.Capturable)
	w.amount(p.Captured)
	w.amount(p.Refunded)
	w.flag(p.Unasked)
	w.data("Data", p.Data)
	w.data("Metadata", p.Metadata)
	w.stamp(p.CaptureBefore)
	w.stamp(p.CapturedAt)
	w.stamp(p.CanceledAt)
	w.moment(p.CreatedAt)
	w.stamp(p.UpdatedAt)
}

func (r *reader) payment() *payment.Payment {
	return &payment.Payment{
		ID: r.text(), CollectionID: r.text(), SessionID: r.text(), ProviderID: r.text(), CurrencyCode: r.text(),
		Amount: r.amount(), Authorized: r.amount(), Released: r.amount(), Capturable: r.amount(), Captured: r.amount(), Refunded: r.amount(),
		Unasked: r.flag(), Data: r.data(), Metadata: r.data(), CaptureBefore: r.time(), CapturedAt: r.time(), CanceledAt: r.time(),
		CreatedAt: r.time(), UpdatedAt: r.time(),
	}
}

func captureTable() table {
	return table{"captures", []string{"id"}, entryColumns()}
}

func refundTable() table {
	return table{"refunds", []string{"id"}, append(entryColumns(), columns(text, "reason_id note", stamp, "returned_at")...)}
}

func entryColumns() []column {
	return columns(text, "id collection_id session_id payment_id operation_id", unique, "reference", amount, "amount",
		text, "state reason created_by", object, "metadata", moment, "created_at", stamp, "updated_at")
}

func (w *writer) capture(c *payment.Capture) {
	w.begin("Capture", 13)
	w.entry(&c.Entry)
}

func (w *writer) refund(f *payment.Refund) {
	w.begin("Refund", 16)
	w.entry(&f.Entry)
	w.text("ReasonID", f.ReasonID)
	w.text("Note", f.Note)
	w.stamp(f.ReturnedAt)
}

func (w *writer) entry(e *payment.Entry) {
	w.text("ID", e.ID)
	w.owner(e.CollectionID)
	w.text("SessionID", e.SessionID)
	w.text("PaymentID", e.PaymentID)
	w.text("OperationID", e.OperationID)
	w.unique("Reference", e.Reference)
	w.amount(e.Amount)
	w.text("State", string(e.State))
	w.text("Reason", e.Reason)
	w.text("CreatedBy", e.CreatedBy)
	w.data("Metadata", e.Metadata)
	w.moment(e.CreatedAt)
	w.stamp(e.UpdatedAt)
}

func (r *reader) capture() *payment.Capture { return &payment.Capture{Entry: r.entry()} }

func (r *reader) refund() *payment.Refund {
	return &payment.Refund{Entry: r.entry(), ReasonID: r.text(), Note: r.text(), ReturnedAt: r.time()}
}

func (r *reader) entry() payment.Entry {
	return payment.Entry{
		ID: r.text(), CollectionID: r.text(), SessionID: r.text(), PaymentID: r.text(), OperationID: r.text(), Reference: r.text(),
		Amount: r.amount(), State: payment.MovementState(r.text()), Reason: r.text(), CreatedBy: r.text(), Metadata: r.data(),
		CreatedAt: r.time(), UpdatedAt: r.time(),
	}
}

func operationTable() table {
	return table{"operations", []string{"id"}, columns(text, "id collection_id session_id provider_id kind state", amount, "amount",
		text, "currency_code", flag, "final", amount, "held", text, "reference", object, "data private context input",
		text, "reason_id reason_code note created_by", object, "metadata", number, "tries", text, "executor",
		stamp, "lease_until first_call_at last_call_at", text, "code message resolution resolved_by resolved_note", stamp, "resolved_at",
		moment, "created_at", stamp, "updated_at ended_at")}
}

func (w *writer) operation(o *payment.Operation) {
	w.begin("Operation", 34)
	w.text("ID", o.ID)
	w.owner(o.CollectionID)
	w.text("SessionID", o.SessionID)
	w.text("ProviderID", o.ProviderID)
	w.text("Kind", string(o.Kind))
	w.text("State", string(o.State))
	w.amount(o.Amount)
	w.text("CurrencyCode", o.CurrencyCode)
	w.flag(o.Final)
	w.amount(o.Held)
	w.text("Reference", o.Reference)
	w.data("Data", o.Data)
	w.private("Private", o.Private)
	w.private("Context", o.Context)
	w.private("Input", o.Input)
	w.text("ReasonID", o.ReasonID)
	w.text("ReasonCode", o.ReasonCode)
	w.text("Note", o.Note)
	w.text("CreatedBy", o.CreatedBy)
	w.data("Metadata", o.Metadata)
	w.number(int64(o.Tries))
	w.text("Executor", o.Executor)
	w.stamp(o.LeaseUntil)
	w.stamp(o.FirstCallAt)
	w.stamp(o.LastCallAt)
	w.text("Code", o.Code)
	w.text("Message", o.Message)
	w.text("Resolution", string(o.Resolution))
	w.text("ResolvedBy", o.ResolvedBy)
	w.text("ResolvedNote", o.ResolvedNote)
	w.stamp(o.ResolvedAt)
	w.moment(o.CreatedAt)
	w.stamp(o.UpdatedAt)
	w.stamp(o.EndedAt)
}

func (r *reader) operation() *payment.Operation {
	return &payment.Operation{
		ID: r.text(), CollectionID: r.text(), SessionID: r.text(), ProviderID: r.text(), Kind: payment.OperationKind(r.text()),
		State: payment.OperationState(r.text()), Amount: r.amount(), CurrencyCode: r.text(), Final: r.flag(), Held: r.amount(),
		Reference: r.text(), Data: r.data(), Private: r.private(), Context: r.private(), Input: r.private(), ReasonID: r.text(),
		ReasonCode: r.text(), Note: r.text(), CreatedBy: r.text(), Metadata: r.data(), Tries: int(r.number()), Executor: r.text(),
		LeaseUntil: r.time(), FirstCallAt: r.time(), LastCallAt: r.time(), Code: r.text(), Message: r.text(),
		Resolution: payment.Resolution(r.text()), ResolvedBy: r.text(), ResolvedNote: r.text(), ResolvedAt: r.time(),
		CreatedAt: r.time(), UpdatedAt: r.time(), EndedAt: r.time(),
	}
}

func requestTable() table {
	return table{"requests", []string{"collection_id", "method", "key"}, columns(text,
		"collection_id method key fingerprint session_id operation_id code", moment, "created_at")}
}

func (w *writer) request(q *payment.KeyedRequest) {
	w.begin("KeyedRequest", 8)
	w.owner(q.CollectionID)
	w.text("Method", q.Method)
	w.text("Key", q.Key)
	w.text("Fingerprint", q.Fingerprint)
	w.text("SessionID", q.SessionID)
	w.text("OperationID", q.OperationID)
	w.text("Code", q.Code)
	w.moment(q.CreatedAt)
}

func (r *reader) request() *payment.KeyedRequest {
	return &payment.KeyedRequest{
		CollectionID: r.text(), Method: r.text(), Key: r.text(), Fingerprint: r.text(), SessionID: r.text(), OperationID: r.text(),
		Code: r.text(), CreatedAt: r.time(),
	}
}

func eventTable() table {
	return table{"events", []string{"collection_id", "seq"}, columns(text, "id collection_id", number, "seq",
		text, "kind session_id payment_id entry_id operation_id provider_id", amount, "amount", text, "currency_code code notice reference",
		moment, "at")}
}

func (w *writer) event(e *payment.Event) {
	w.begin("Event", 15)
	w.text("ID", e.ID)
	w.owner(e.CollectionID)
	w.number(e.Seq)
	w.text("Kind", string(e.Kind))
	w.text("SessionID", e.SessionID)
	w.text("PaymentID", e.PaymentID)
	w.text("EntryID", e.EntryID)
	w.text("OperationID", e.OperationID)
	w.text("ProviderID", e.ProviderID)
	w.amount(e.Amount)
	w.text("CurrencyCode", e.CurrencyCode)
	w.text("Code", e.Code)
	w.text("Notice", e.Notice)
	w.text("Reference", e.Reference)
	w.moment(e.At)
}

func (r *reader) event() *payment.Event {
	return &payment.Event{
		ID: r.text(), CollectionID: r.text(), Seq: r.number(), Kind: payment.EventKind(r.text()), SessionID: r.text(), PaymentID: r.text(),
		EntryID: r.text(), OperationID: r.text(), ProviderID: r.text(), Amount: r.amount(), CurrencyCode: r.text(), Code: r.text(),
		Notice: r.text(), Reference: r.text(), At: r.time(),
	}
}

func deliveryTable() table {
	return table{"deliveries", []string{"id"}, columns(text, "id", number, "version", text, "provider_id", unique, "event_id",
		text, "type state session_id collection_id idempotency_key reference", object, "body", number, "tries", text, "code",
		stamp, "due_at", moment, "received_at", stamp, "handled_at")}
}

func (w *writer) delivery(d *payment.Delivery) {
	w.begin("Delivery", 16)
	w.text("ID", d.ID)
	w.number(d.Version + 1)
	w.text("ProviderID", d.ProviderID)
	w.unique("EventID", d.EventID)
	w.text("Type", d.Type)
	w.text("State", string(d.State))
	w.text("SessionID", d.SessionID)
	w.text("CollectionID", d.CollectionID)
	w.text("IdempotencyKey", d.IdempotencyKey)
	w.text("Reference", d.Reference)
	w.private("Body", d.Body)
	w.number(int64(d.Tries))
	w.text("Code", d.Code)
	w.stamp(d.DueAt)
	w.moment(d.ReceivedAt)
	w.stamp(d.HandledAt)
}

func (r *reader) delivery() *payment.Delivery {
	return &payment.Delivery{
		ID: r.text(), Version: r.number(), ProviderID: r.text(), EventID: r.text(), Type: r.text(), State: payment.DeliveryState(r.text()),
		SessionID: r.text(), CollectionID: r.text(), IdempotencyKey: r.text(), Reference: r.text(), Body: r.private(),
		Tries: int(r.number()), Code: r.text(), DueAt: r.time(), ReceivedAt: r.time(), HandledAt: r.time(),
	}
}

func dueTable() table {
	return table{"due", []string{"kind", "id"}, columns(text, "kind id collection_id", stamp, "at", number, "tries seq", numbers, "dead")}
}

func (w *writer) due(d *payment.Due) {
	w.begin("Due", 7)
	w.text("Kind", string(d.Kind))
	w.text("ID", d.ID)
	w.owner(d.CollectionID)
	w.stamp(d.At)
	w.number(int64(d.Tries))
	w.number(d.Seq)
	w.numbers(d.Dead)
}

func (r *reader) due() payment.Due {
	return payment.Due{
		Kind: payment.DueKind(r.text()), ID: r.text(), CollectionID: r.text(), At: r.time(), Tries: int(r.number()), Seq: r.number(),
		Dead: r.numbers(),
	}
}
