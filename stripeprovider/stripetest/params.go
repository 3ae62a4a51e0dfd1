package stripetest

import (
	"maps"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// params are the parameters of one request that the endpoint knows: by their names as in the schema, where the index of a list is
// empty and metadata's keys are names.
type params struct {
	values map[string][]string
}

// has reports whether a parameter was sent, maybe empty.
func (p params) has(name string) bool { _, ok := p.values[name]; return ok }

// text returns a parameter; "" where it was not sent.
func (p params) text(name string) string {
	if v := p.values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// list returns the values of a list.
func (p params) list(name string) []string { return p.values[name+"[]"] }

// whole returns a number; other where it was not sent.
func (p params) whole(name string, other int64) int64 {
	n, err := strconv.ParseInt(p.text(name), 10, 64)
	if err != nil {
		return other
	}
	return n
}

// truth returns a boolean; other where it was not sent.
func (p params) truth(name string, other bool) bool {
	if !p.has(name) {
		return other
	}
	return p.text(name) == "true"
}

// metadata returns what was sent as metadata[key]; a key with no value is one to be removed.
func (p params) metadata() map[string]string {
	m := map[string]string{}
	for name, v := range p.values {
		if key, ok := strings.CutPrefix(name, "metadata["); ok {
			m[strings.TrimSuffix(key, "]")] = v[0]
		}
	}
	return m
}

// maxMetadata is how many keys an object can have: https://docs.stripe.com/metadata
const maxMetadata = 50

// merge puts the sent metadata into an object's.
//
// The error says that there would be too many keys.
func (p params) merge(into map[string]string) (map[string]string, *Error) {
	merged := map[string]string{}
	if !p.has("metadata") { // metadata= removes all of it
		maps.Copy(merged, into)
	}
	for k, v := range p.metadata() {
		if v == "" {
			delete(merged, k)
		} else {
			merged[k] = v
		}
	}
	if len(merged) > maxMetadata {
		return nil, invalid("", "metadata", "You can only have up to %d metadata keys on an object.", maxMetadata)
	}
	return merged, nil
}

// parse holds a request's form against an endpoint's schema. The error is the one that Stripe would send before it executes anything.
func parse(form url.Values, schema []string) (params, *Error) {
	rules := map[string]string{}
	for _, line := range schema {
		name, rule, _ := strings.Cut(line, " ")
		rules[name] = rule
	}
	p := params{values: map[string][]string{}}
	raw := make([]string, 0, len(form))
	for name := range form {
		raw = append(raw, name)
	}
	slices.SortFunc(raw, byIndex)
	var unknown []string
	for _, name := range raw {
		known, rule, ok := lookup(rules, name)
		if !ok {
			unknown = append(unknown, name)
			continue
		}
		if len(form[name]) > 1 && !strings.HasSuffix(known, "[]") {
			return p, invalid("", name, "The parameter %s was sent more than once.", name)
		}
		for _, v := range form[name] {
			if e := check(name, v, rule); e != nil {
				return p, e
			}
			p.values[known] = append(p.values[known], v)
		}
	}
	if len(unknown) > 0 {
		words := "Received unknown parameter: "
		if len(unknown) > 1 {
			words = "Received unknown parameters: "
		}
		return p, invalid("parameter_unknown", unknown[0], "%s", words+strings.Join(unknown, ", "))
	}
	for _, line := range schema {
		name, rule, _ := strings.Cut(line, " ")
		if strings.HasPrefix(rule, "!") && !p.has(name) {
			return p, invalid("parameter_missing", name, "Missing required param: %s.", name)
		}
	}
	return p, nil
}

// byIndex orders names so that the values of a list keep their order.
func byIndex(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// lookup finds the rule of a name: expand[0] and expand[] are of expand[], and metadata[k] is of metadata[*].
func lookup(rules map[string]string, name string) (known, rule string, ok bool) {
	if rule, ok = rules[name]; ok && !strings.Contains(name, "*") {
		return name, rule, true
	}
	if key, found := strings.CutPrefix(name, "metadata["); found {
		rule, ok = rules["metadata[*]"]
		return name, rule, ok && strings.HasSuffix(key, "]") && !strings.Contains(strings.TrimSuffix(key, "]"), "[")
	}
	known = regexp.MustCompile(`\[\d*\]$`).ReplaceAllString(name, "[]")
	rule, ok = rules[known]
	return known, rule, ok && strings.HasSuffix(known, "[]")
}

// check holds one value against its rule: words that are separated by spaces.
//
//	!         it must be there
//	?         it may be empty, which removes it
//	whole     a whole number
//	truth     true or false
//	email, url, country
//	max:22    at most so many characters
//	of:a|b    one of these
//	metadata  a key and a value as metadata has them
func check(name, v, rules string) *Error {
	rules = strings.TrimPrefix(rules, "!")
	if v == "" && !strings.Contains(rules, "?") {
		return invalid("parameter_invalid_empty", name, "You passed an empty string for '%s'. We assume empty values are an attempt to unset a "+
			"parameter; however '%s' cannot be unset. You should remove '%s' from your request or supply a non-empty value.", name, name, name)
	}
	if v == "" {
		return nil
	}
	for rule := range strings.FieldsSeq(rules) {
		word, arg, _ := strings.Cut(rule, ":")
		var e *Error
		switch word {
		case "whole":
			if _, err := strconv.ParseInt(v, 10, 64); err != nil {
				e = invalid("parameter_invalid_integer", name, "Invalid integer: %s", v)
			}
		case "truth":
			if v != "true" && v != "false" {
				e = invalid("", name, "Invalid boolean: %s", v)
			}
		case "email":
			if a, err := mail.ParseAddress(v); err != nil || a.Address != v {
				e = invalid("email_invalid", name, "Invalid email address: %s", v)
			}
		case "url":
			if u, err := url.Parse(v); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
				e = invalid("url_invalid", name, "Not a valid URL")
			}
		case "max":
			if most, err := strconv.Atoi(arg); err == nil && len([]rune(v)) > most {
				e = invalid("", name, "Invalid string: %s...; must be at most %s characters", v[:min(len(v), 10)], arg)
			}
		case "of":
			if !slices.Contains(strings.Split(arg, "|"), v) {
				e = invalid("", name, "Invalid %s: must be one of %s", name, strings.ReplaceAll(arg, "|", ", "))
			}
		case "metadata":
			key := strings.TrimSuffix(strings.TrimPrefix(name, "metadata["), "]")
			if len([]rune(key)) > 40 || len([]rune(v)) > 500 || key == "" {
				e = invalid("", name, "Metadata keys can have up to 40 characters, and values up to 500.")
			}
		}
		if e != nil {
			return e
		}
	}
	return nil
}
