package stripetest

import (
	"slices"
	"strings"
)

// The parameters of each endpoint, as in Stripe's OpenAPI description of 2026-03-25.dahlia, without those that this gateway does not
// understand: it refuses them as it refuses unknown ones, so that it is never laxer than Stripe. See check for the rules.

func shipping() []string {
	return []string{
		"shipping ?", "shipping[name] max:5000", "shipping[phone] max:5000", "shipping[carrier] max:5000",
		"shipping[tracking_number] max:5000", "shipping[address][line1] max:5000", "shipping[address][line2] max:5000",
		"shipping[address][city] max:5000", "shipping[address][state] max:5000", "shipping[address][postal_code] max:5000",
		"shipping[address][country] max:5000",
	}
}

func methodOptions() []string {
	return []string{
		"payment_method_options[card][capture_method] ? of:manual",
		"payment_method_options[card][request_multicapture] of:if_available|never",
		"payment_method_options[card][request_three_d_secure] of:any|automatic|challenge",
		"payment_method_options[card][request_extended_authorization] of:if_available|never",
		"payment_method_options[card][request_incremental_authorization] of:if_available|never",
		"payment_method_options[card][request_overcapture] of:if_available|never",
		"payment_method_options[card][setup_future_usage] ? of:none|off_session|on_session",
	}
}

// confirming are the parameters of a confirm, alone or with a create.
func confirming() []string {
	return []string{
		"confirmation_token max:5000", "error_on_requires_action truth", "off_session of:true|false|one_off|recurring",
		"return_url url", "use_stripe_sdk truth",
		"mandate_data[customer_acceptance][type] of:offline|online",
		"mandate_data[customer_acceptance][online][ip_address] max:5000", "mandate_data[customer_acceptance][online][user_agent] max:5000",
	}
}

// common are the parameters that an intent has from create, update or confirm.
func common() []string {
	return slices.Concat(shipping(), methodOptions(), []string{
		"expand[] max:5000", "payment_method max:5000", "payment_method_types[] max:100", "receipt_email ? email",
		"setup_future_usage ? of:off_session|on_session", "capture_method of:automatic|automatic_async|manual",
	})
}

// described are the parameters of create and update alone.
func described() []string {
	return []string{
		"customer max:5000", "description max:1000", "metadata ?", "metadata[*] ? metadata", "statement_descriptor max:22",
		"statement_descriptor_suffix max:22", "transfer_group max:5000",
	}
}

// fresh returns parameters as a create takes them: there is nothing yet that an empty value could remove.
func fresh(schema []string) []string {
	var list []string
	for _, line := range schema {
		name, rule, _ := strings.Cut(line, " ")
		switch {
		case rule == "?":
		case name == "metadata[*]", strings.HasPrefix(name, "payment_method_options["):
			list = append(list, line)
		default:
			list = append(list, name+" "+strings.TrimPrefix(rule, "? "))
		}
	}
	return list
}

func schemaOf(op Operation) []string {
	switch op {
	case OpCreate:
		return slices.Concat(fresh(common()), confirming(), fresh(described()), []string{
			"amount !whole", "currency !max:3", "confirm truth", "automatic_payment_methods[enabled] truth",
			"automatic_payment_methods[allow_redirects] of:always|never", "confirmation_method of:automatic|manual",
		})
	case OpUpdate:
		return slices.Concat(common(), described(), []string{"amount whole", "currency max:3"})
	case OpConfirm:
		return slices.Concat(common(), confirming(), []string{"amount_to_confirm whole", "client_secret max:5000"})
	case OpCapture:
		return []string{
			"amount_to_capture whole", "final_capture truth", "expand[] max:5000", "metadata ?", "metadata[*] ? metadata",
			"statement_descriptor max:22", "statement_descriptor_suffix max:22",
		}
	case OpCancel:
		return []string{"cancellation_reason of:abandoned|duplicate|fraudulent|requested_by_customer", "expand[] max:5000"}
	case OpRefund:
		return []string{
			"amount whole", "charge max:5000", "payment_intent max:5000", "reason of:duplicate|fraudulent|requested_by_customer",
			"expand[] max:5000", "metadata ?", "metadata[*] ? metadata", "instructions_email email",
		}
	case OpRetrieve:
		return []string{"client_secret max:5000", "expand[] max:5000"}
	case OpRetrieveCharge, OpRetrieveRefund:
		return []string{"expand[] max:5000"}
	case OpSearch:
		return []string{"query !max:5000", "limit whole", "page max:5000", "expand[] max:5000"}
	case OpRefunds:
		return []string{
			"charge max:5000", "payment_intent max:5000", "limit whole", "starting_after max:5000", "ending_before max:5000",
			"expand[] max:5000",
		}
	case OpAny:
	}
	return nil
}
