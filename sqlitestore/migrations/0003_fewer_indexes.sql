-- Fewer indexes, each of which was a page more that a commit writes. What is in the tables stays as it is.

-- A session names its payment: its payment, and that one's captures and refunds, are found by their own keys.
DROP INDEX payment_payments_session;
DROP INDEX payment_captures_session;
DROP INDEX payment_refunds_session;

-- A payment's captures are next to each other in payment_captures_payment, and few: whether one has a reference already is seen there.
DROP INDEX payment_captures_reference;
CREATE TRIGGER payment_captures_reference BEFORE INSERT ON payment_captures WHEN NEW.reference <> '' BEGIN
  SELECT RAISE(ABORT, 'another capture of the payment has this reference') FROM payment_captures
  WHERE payment_id = NEW.payment_id AND +reference = NEW.reference AND +id <> NEW.id;
END;
DROP INDEX payment_refunds_reference;
CREATE TRIGGER payment_refunds_reference BEFORE INSERT ON payment_refunds WHEN NEW.reference <> '' BEGIN
  SELECT RAISE(ABORT, 'another refund of the payment has this reference') FROM payment_refunds
  WHERE payment_id = NEW.payment_id AND +reference = NEW.reference AND +id <> NEW.id;
END;

UPDATE payment_schema SET version = 3;
