package providertest

import "slices"

// cases is the contract as the kit reads it: a table of names, sentences as they stand in provider.go, and checks.
func cases() []testCase {
	return slices.Concat(describeCases(), sessionCases(), movementCases(), snapshotCases(), failureCases(), webhookCases())
}

// Sentences that more than one case checks, each from another side.
const (
	sentenceProvider   = "Every method must be safe for concurrent use, end with its context, and answer with the gateway's whole truth in the gateway's amounts."
	sentenceKeyTTL     = "a repeated request has no second effect."
	sentenceUnknown    = "any other error, and a Snapshot with an empty State: unknown."
	sentenceNotFound   = "SnapshotNotFound says that the gateway knows nothing of it; where it cannot search, the error is ErrUnsupported, never SnapshotNotFound."
	sentenceByKey      = "StatusByKey says that Status answers SnapshotNotFound if and only if the gateway has not executed a request with StatusRequest.IdempotencyKey."
	sentenceWhole      = "Snapshot is what a gateway says is true right now about one session: the whole truth, in the gateway's amounts."
	sentenceRefused    = "The error says why the message is refused: nothing is stored then."
	sentenceVerify     = "VerifyWebhook checks the signature in constant time, and its date against now on both sides, and says what the message concerns."
	sentenceEventID    = "the gateway's ID of the message, never of the object; empty: never a duplicate"
	sentenceOwn        = "Its own movement in the Snapshot carries the request's IdempotencyKey."
	sentenceAmount     = "in major units: the session's, an update's new one, or what to capture or refund"
	sentenceCapture    = "Capture takes Request.Amount; more than is left is Declined or NotSent, and nothing moves."
	sentenceRefund     = "Refund gives Request.Amount back; more than is left of what was captured is Declined or NotSent, and nothing moves."
	sentenceUnique     = "the gateway's ID, unique per kind"
	sentenceCapturable = "what a further capture may take; nil: what is left by our own sums; 0 once final, voided or expired"
)

func describeCases() []testCase {
	return []testCase{
		{"id/form", "ID names the provider in rows, URLs and lists: 1 to 64 of a-z, 0-9, - and _.", nil, checkIDForm},
		{"id/stable", "It never changes.", nil, checkIDStable},
		{"describe/stable", "Describe returns what is declared.", []need{describer}, checkDescribeStable},
		{"describe/no_io", "It is called once, by NewService, and must not do any I/O.", []need{describer, unreachable}, checkDescribeNoIO},
		{"describe/durations", "ProviderInfo declares how a gateway behaves.", []need{describer}, checkDescribeDurations},
		{"describe/interfaces", "Describer is a provider that declares how its gateway behaves.", []need{describer}, checkDescribeInterfaces},
		{"describe/client_confirms", "Such a provider must be a Canceler.", []need{describer}, checkClientConfirms},
		{"describe/currencies", "Currencies holds the currencies that this gateway counts in another way than ISO 4217, by code in upper case.",
			[]need{describer}, checkCurrencies},
		{"pure/same_answer", "Pure says that the provider has no effects and no state: its answer depends on the request alone, and it may be called any number of times.",
			[]need{pure}, checkPure},
	}
}

func sessionCases() []testCase {
	return []testCase{
		{"initialize/creates", "Initialize creates the gateway's object for a session and returns what the browser needs in Snapshot.Data.",
			nil, checkInitialize},
		{"initialize/repeated_key", "Repeated with the same IdempotencyKey it must create nothing new, where keys are honored.",
			[]need{repeats}, checkInitializeRepeated},
		{"initialize/apart", "Request is what every call to a provider brings.", nil, checkInitializeApart},

		{"authorize/approved", "Authorize asks the gateway to hold the money, or reads whether the browser has done so ([AuthorizeByStatus]).",
			nil, checkAuthorize},
		{"authorize/repeated_key", sentenceKeyTTL, []need{repeats}, checkAuthorizeRepeated},
		{"authorize/declined", "[Declined]: this request is refused for good.", []need{declines}, checkDeclined},
		{"authorize/decline_named", "set with SnapshotDeclined, or where a pending object names its last decline", []need{declines}, checkDeclineNamed},
		{"authorize/another_try", "SnapshotDeclined says that the gateway refused; another try is possible.", []need{declines}, checkDeclinedAgain},
		{"authorize/challenged", "A needed action is no error: return SnapshotRequiresMore with NextAction.", []need{challenges}, checkChallenge},
		{"authorize/challenge_completed", "SnapshotRequiresMore says that the shopper must act: NextAction says how.",
			[]need{challenges}, checkChallengeCompleted},
		{"authorize/browser_confirms", "ClientConfirms says that the shopper's browser can authorize without another call of ours.",
			[]need{browser}, checkBrowserConfirms},
		{"authorize/browser_awaited", "The error is that of Status; an Authorize answers SnapshotPending where Status finds nothing.",
			[]need{browser}, checkBrowserAwaited},

		{"status/reads", "Status reads what is true now, and changes nothing.", []need{impure, asks}, checkStatusReads},
		{"status/finds_by_reference", "the gateway's ID of the object; empty before it is known", []need{impure, asks}, checkStatusFinds},
		{"status/finds_by_session", "Without a Reference it searches by SessionID.", []need{impure, asks}, checkStatusFindsLost},
		{"status/not_found", sentenceNotFound, []need{impure, asks}, checkStatusNotFound},
		{"status/searched", sentenceNotFound, []need{impure, asks}, checkStatusSearched},
		{"status/own_session", sentenceWhole, []need{impure, asks}, checkStatusOwn},
		{"status/amount", sentenceWhole, []need{impure, asks}, checkStatusAmount},
		{"status_by_key/not_executed", sentenceByKey, []need{statusByKey, asks}, checkKeyNotExecuted},
		{"status_by_key/executed", sentenceByKey, []need{statusByKey, asks}, checkKeyExecuted},
		{"status_by_key/refused", "A request that was refused has been executed if the gateway remembers its key.",
			[]need{impure, statusByKey, asks, repeats, capturer}, checkKeyRefused},
		{"status/alone_not_found", "Only Status may answer so.", nil, checkNotFoundOnlyByStatus},

		{"update/amount", "Update changes the gateway's object to Request.Amount and Request.Context.", []need{updater}, checkUpdate},
		{"update/repeated_key", sentenceKeyTTL, []need{updater, repeats}, checkUpdateRepeated},

		{"cancel/open", "Cancel cancels the gateway's object, or releases what is not captured.", []need{canceler}, checkCancelOpen},
		{"cancel/authorized", "Canceler is a provider that can cancel a session and release what an authorization still holds.",
			[]need{canceler}, checkCancelAuthorized},
		{"cancel/repeated", "[AlreadyDone]: this call did nothing, it is so already.", []need{canceler}, checkCancelRepeated},
		{"cancel/partly_captured", "After a capture the answer is SnapshotAuthorized with Capturable 0, or SnapshotCanceled; the captures stand either way.",
			[]need{canceler, capturer}, checkCancelRest},
		{"cancel/over", "SnapshotCanceled says that it is over: canceled, voided or expired.", []need{canceler, impure}, checkNothingAfterCancel},
	}
}

func movementCases() []testCase {
	return []testCase{
		{"capture/whole", sentenceCapture, []need{capturer}, checkCaptureWhole},
		{"capture/part", sentenceAmount, []need{capturer}, checkCapturePart},
		{"capture/own_movement", sentenceOwn, []need{capturer}, checkCaptureOwn},
		{"capture/repeated_key", sentenceKeyTTL, []need{capturer, repeats}, checkCaptureRepeated},
		{"capture/key_used_again", sentenceUnknown, []need{impure, capturer, repeats}, checkCaptureKeyUsedAgain},
		{"capture/equal_amounts", sentenceUnique, []need{capturer, multiCapture}, checkCaptureEqual},
		{"capture/many", "MultiCapture says that an authorization can be captured more than once.", []need{capturer, multiCapture}, checkCaptureMany},
		{"capture/final", "release what is left", []need{capturer}, checkCaptureFinal},
		{"capture/once", "Otherwise every capture is final.", []need{capturer, singleCapture, impure}, checkCaptureOnce},
		{"capture/too_much", sentenceCapture, []need{impure, capturer}, checkOverCapture},

		{"refund/whole", sentenceRefund, []need{refunder}, checkRefundWhole},
		{"refund/own_movement", sentenceOwn, []need{refunder}, checkRefundOwn},
		{"refund/repeated_key", sentenceKeyTTL, []need{refunder, repeats}, checkRefundRepeated},
		{"refund/parts", "PartialRefund says that less than what was captured can be refunded, and more than once.",
			[]need{refunder, partialRefund}, checkRefundPart},
		{"refund/equal_amounts", sentenceUnique, []need{refunder, partialRefund}, checkRefundEqual},
		{"refund/no_parts", "Otherwise only all of it can.", []need{refunder, onlyWholeRefund}, checkRefundNoPart},
		{"refund/too_much", sentenceRefund, []need{impure, refunder}, checkOverRefund},

		{"money/authorized_stays", "what it authorized, in all; captures and refunds do not reduce it", nil, checkAuthorizedStays},
		{"money/moved", sentenceAmount, nil, checkMoneyMoved},
		{"money/exact", "what it was asked to authorize; zero where the gateway does not say", nil, checkMoneyExact},
	}
}

func snapshotCases() []testCase {
	return []testCase{
		{"snapshot/state", "SnapshotState is what a gateway says about one session.", nil, checkKnownState},
		{"snapshot/amounts", sentenceWhole, nil, checkAmounts},
		{"snapshot/amount_asked", "what it was asked to authorize; zero where the gateway does not say", nil, checkAmountAsked},
		{"snapshot/authorized", "Zero, once we know it, where this answer does not say", nil, checkAuthorizedNamed},
		{"snapshot/currency", "ISO 4217; empty where the gateway does not say", nil, checkCurrencyCode},
		{"snapshot/reference", "the gateway's ID of the object; another one later is a conflict", nil, checkReferenceStays},
		{"snapshot/account", "the merchant account, where the gateway names it; another one later is a conflict", nil, checkAccountStays},
		{"snapshot/capturable", sentenceCapturable, nil, checkCapturable},
		{"snapshot/movements", sentenceUnique, nil, checkMovements},
		{"snapshot/movements_stay", "Movement is one capture or refund that the gateway knows.", nil, checkMovementsStay},
		{"snapshot/movements_empty", "the captures and refunds that the gateway knows; nil: it lists none; empty: there are none.",
			[]need{impure}, checkMovementsEmpty},
		{"snapshot/sums", sentenceWhole, []need{impure}, checkSums},
		{"snapshot/next_action", "set with SnapshotRequiresMore; its URL is https, or http to localhost, else it is dropped", nil, checkNextAction},
		{"snapshot/decline", "for clients: a short word such as insufficient_funds", []need{declines}, checkDeclineSet},
		{"snapshot/data", "public; nil leaves the session's as it is, non-nil replaces it", nil, checkDataJSON},
		{"snapshot/secret_names", "what the provider published", nil, checkNoSecretNames},
		{"snapshot/context", "what the host says about the shopper", nil, checkContextKept},
		{"snapshot/private", "what the provider kept to itself", nil, checkPrivateKept},
		{"errors/texts", "for the server's logs alone", nil, checkErrorTexts},
		{"errors/kinds", "An error is one of four kinds, and the default is the safe one:", nil, checkErrorKinds},
		{"errors/already_done", "The Snapshot is what the gateway says now; it is settled like an answer of Status.", []need{impure}, checkAlreadyDone},
		{"request/unchanged", "A repeated call brings the same bytes.", nil, checkRequestUnchanged},
	}
}

func failureCases() []testCase {
	return []testCase{
		{"context/ended", "[NotSent]: certainly nothing happened.", nil, checkContextEnded},
		{"context/ends", sentenceProvider, nil, checkContextEnds},
		{"context/stalled", sentenceProvider, []need{stalls}, checkStall},
		{"unreachable/calls", "NotSent is the error of a call that certainly had no effect: refused connection, 429, local validation.",
			[]need{unreachable}, checkUnreachable},
		{"unreachable/status", `Any error means "could not ask"; ErrUnsupported means that this gateway cannot be asked.`,
			[]need{unreachable, asks}, checkUnreachableStatus},
		{"lost/initialize", sentenceUnknown, []need{loses, repeats}, checkLostInitialize},
		{"lost/authorize", sentenceUnknown, []need{loses}, checkLostAuthorize},
		{"lost/capture", sentenceUnknown, []need{capturer, loses}, checkLostCapture},
		{"lost/refund", sentenceUnknown, []need{refunder, loses}, checkLostRefund},
		{"lost/cancel", sentenceUnknown, []need{canceler, loses}, checkLostCancel},
		{"lost/update", sentenceUnknown, []need{updater, loses}, checkLostUpdate},
		{"server_error/initialize", sentenceUnknown, []need{serverErrors}, checkServerErrorInitialize},
		{"server_error/authorize", sentenceUnknown, []need{serverErrors}, checkServerErrorAuthorize},
		{"server_error/capture", sentenceUnknown, []need{capturer, serverErrors}, checkServerErrorCapture},
		{"server_error/refund", sentenceUnknown, []need{refunder, serverErrors}, checkServerErrorRefund},
		{"server_error/cancel", sentenceUnknown, []need{canceler, serverErrors}, checkServerErrorCancel},
		{"server_error/update", sentenceUnknown, []need{updater, serverErrors}, checkServerErrorUpdate},
		{"server_error/status", `Any error means "could not ask"; ErrUnsupported means that this gateway cannot be asked.`,
			[]need{serverErrors, asks}, checkServerErrorStatus},
		{"key_in_use/calls", sentenceUnknown, []need{keysInUse}, checkKeyInUse},
		{"concurrent/sessions", sentenceProvider, nil, checkConcurrentSessions},
		{"concurrent/authorize_key", sentenceKeyTTL, []need{repeats}, checkConcurrentKey},
		{"concurrent/capture_key", sentenceKeyTTL, []need{capturer, repeats}, checkConcurrentCapture},
	}
}

func webhookCases() []testCase {
	with := func(more ...need) []need { return append([]need{verifier, genuineNeeded}, more...) }
	return []testCase{
		{"webhook/genuine", sentenceVerify, with(), checkWebhookGenuine},
		{"webhook/event_id", sentenceEventID, with(), checkWebhookEventID},
		{"webhook/event_id_of_each", sentenceEventID, with(capturer), checkWebhookEventIDOfEach},
		{"webhook/undated", "Where signatures carry no date, a message names an EventID if it brings a Notice, or if Status cannot be asked.",
			with(undated), checkWebhookUndated},
		{"webhook/body_changed", sentenceRefused, with(), checkWebhookBody},
		{"webhook/header_changed", sentenceRefused, with(), checkWebhookHeader},
		{"webhook/whole_signature", sentenceVerify, with(), checkWebhookWholeSignature},
		{"webhook/past", sentenceVerify, with(dated), checkWebhookPast},
		{"webhook/future", "what to hold the signature's date against; UTC", with(dated), checkWebhookFuture},
		{"webhook/oversized", "as received, at most 256 KiB", with(), checkWebhookOversized},
		{"webhook/garbage", sentenceRefused, []need{verifier}, checkWebhookGarbage},
		{"webhook/snapshot", "what the message says, used only where the gateway cannot be asked", with(), checkWebhookSnapshot},
	}
}
