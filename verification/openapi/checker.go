// Package openapi holds what the handlers of paymenthttp say against their OpenAPI document, both ways: nothing is answered that the document does
// not name, and nothing is in the document that no test has seen.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/errors"
)

// Exchange is a request and its answer, as the tests of paymenthttp write them.
type Exchange struct {
	Test         string      `json:"test"`
	Method       string      `json:"method"`
	URL          string      `json:"url"`
	Header       http.Header `json:"header"`
	Body         []byte      `json:"body"`
	Status       int         `json:"status"`
	AnswerHeader http.Header `json:"answer_header"`
	Answer       []byte      `json:"answer"`
}

// object is any JSON object.
type object = map[string]any

// Checker holds exchanges against a document.
type Checker struct {
	doc   object
	paths object
	valid validator.Validator
	seen  map[string]bool // GET /path 200
}

// nowhere is a path that the document gets for the requests whose path it does not have.
const nowhere = "/nowhere"

// NewChecker returns a checker of a document. The error says why that is no OpenAPI document.
func NewChecker(document []byte) (*Checker, error) {
	c := &Checker{seen: map[string]bool{}}
	if err := json.Unmarshal(document, &c.doc); err != nil {
		return nil, err
	}
	if err := valid(document); err != nil {
		return nil, err
	}
	c.paths, _ = c.doc["paths"].(object)
	// What a method or path is answered with that is not there, no document can say of an operation: they are added here.
	var full object
	if err := json.Unmarshal(document, &full); err != nil {
		return nil, err
	}
	paths := full["paths"].(object)
	paths[nowhere] = object{}
	for path, item := range paths {
		for _, method := range []string{"get", "post", "delete", "put", "patch", "options"} {
			status, response := "405", "MethodNotAllowed"
			if path == nowhere {
				status, response = "404", "NotFound"
			}
			if item.(object)[method] == nil {
				item.(object)[method] = object{"responses": object{status: object{"$ref": "#/components/responses/" + response}}}
			}
		}
	}
	b, err := json.Marshal(full)
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(b)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc, config.WithFormatAssertions())
	if len(errs) > 0 {
		return nil, fmt.Errorf("openapi: %v", errs)
	}
	c.valid = v
	return c, nil
}

// valid holds a document against the schema of OpenAPI itself.
func valid(document []byte) error {
	doc, err := libopenapi.NewDocument(document)
	if err != nil {
		return err
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		return fmt.Errorf("openapi: %v", errs)
	}
	if ok, wrong := v.ValidateDocument(); !ok {
		return fmt.Errorf("openapi: %s", strings.Join(texts(wrong), "; "))
	}
	return nil
}

// Check returns what an exchange has that the document does not allow. A request counts only where it was answered with 2xx: the others are the
// ones that the tests get wrong on purpose.
func (c *Checker) Check(x Exchange) []string {
	u, err := url.Parse(x.URL)
	if err != nil {
		return []string{err.Error()}
	}
	method := x.Method
	if method == http.MethodHead { // a recorder keeps the body that a server would not send
		method = http.MethodGet
	}
	path, item := c.find(u.Path)
	op, _ := item[strings.ToLower(method)].(object)
	if op != nil {
		c.seen[fmt.Sprintf("%s %s %d", method, path, x.Status)] = true
	}
	sent := *u
	if item == nil {
		sent.Path = nowhere
	}
	request := func() *http.Request {
		r, _ := http.NewRequest(method, sent.String(), bytes.NewReader(x.Body)) //nolint:noctx // it is sent to nobody
		r.Header = x.Header.Clone()
		return r
	}
	var wrong []string
	response := &http.Response{StatusCode: x.Status, Header: x.AnswerHeader.Clone(), Body: io.NopCloser(bytes.NewReader(x.Answer)), Request: request()}
	if ok, errs := c.valid.ValidateHttpResponse(request(), response); !ok {
		wrong = append(wrong, texts(errs)...)
	}
	wrong = append(wrong, c.answerHeaders(x, item, op)...)
	if op != nil && x.Status < 300 {
		if ok, errs := c.valid.ValidateHttpRequestSync(request()); !ok {
			wrong = append(wrong, texts(errs)...)
		}
		wrong = append(wrong, c.parameters(u.Query(), x.Header, item, op)...)
	}
	return wrong
}

// answerHeaders looks at the headers of an answer, which a validator takes for harmless where it does not know them.
func (c *Checker) answerHeaders(x Exchange, item, op object) []string {
	var wrong []string
	for name, value := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
		if x.AnswerHeader.Get(name) != value {
			wrong = append(wrong, name+" is not "+value)
		}
	}
	if len(x.Answer) > 0 == (x.Status == http.StatusNotModified) {
		wrong = append(wrong, fmt.Sprintf("%d with a body of %d bytes", x.Status, len(x.Answer)))
	}
	responses, _ := op["responses"].(object)
	named := object{}
	if response, ok := c.resolve(responses[fmt.Sprint(x.Status)]); ok {
		named, _ = response["headers"].(object)
	}
	for name := range x.AnswerHeader {
		switch {
		case name == "Cache-Control" || name == "X-Content-Type-Options" || name == "Content-Type":
		case name == "Allow" && item != nil && op == nil:
			if got, want := x.AnswerHeader.Get(name), strings.Join(methods(item), ", "); got != want {
				wrong = append(wrong, fmt.Sprintf("Allow is %q, and the document has %q", got, want))
			}
		case named[name] == nil && named[strings.ReplaceAll(name, "Etag", "ETag")] == nil:
			wrong = append(wrong, "header "+name+" is not in the document")
		}
	}
	return wrong
}

// parameters looks for queries, and headers of ours, that the document does not name.
func (c *Checker) parameters(query url.Values, header http.Header, item, op object) []string {
	known := map[string]bool{}
	for _, owner := range []object{item, op} {
		list, _ := owner["parameters"].([]any)
		for _, one := range list {
			if p, ok := c.resolve(one); ok {
				known[fmt.Sprint(p["in"], " ", p["name"])] = true
			}
		}
	}
	var wrong []string
	for name := range query {
		if !known["query "+name] {
			wrong = append(wrong, "query "+name+" is not in the document")
		}
	}
	for _, name := range []string{"Idempotency-Key", "If-None-Match"} {
		if header.Get(name) != "" && !known["header "+name] {
			wrong = append(wrong, "header "+name+" is not in the document")
		}
	}
	return wrong
}

// Unseen returns the operations and statuses of the document that no exchange had, such as GET /path 200.
func (c *Checker) Unseen() []string {
	var list []string
	for path, item := range c.paths {
		for method, op := range item.(object) {
			if method == "parameters" {
				continue
			}
			for status := range op.(object)["responses"].(object) {
				if name := strings.ToUpper(method) + " " + path + " " + status; !c.seen[name] {
					list = append(list, name)
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

// Routes returns what the document has, such as GET /path.
func (c *Checker) Routes() []string {
	var list []string
	for path, item := range c.paths {
		for method := range item.(object) {
			if method != "parameters" {
				list = append(list, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(list)
	return list
}

// find returns the path of the document that a request's is, the one with the fewest parameters.
func (c *Checker) find(requested string) (path string, item object) {
	parts := strings.Split(requested, "/")
	for candidate, it := range c.paths {
		named := strings.Split(candidate, "/")
		fits := len(named) == len(parts)
		for i := 0; fits && i < len(parts); i++ {
			fits = named[i] == parts[i] || strings.HasPrefix(named[i], "{") && parts[i] != ""
		}
		if fits && (item == nil || strings.Count(candidate, "{") < strings.Count(path, "{")) {
			path, item = candidate, it.(object)
		}
	}
	return path, item
}

// resolve follows a reference to a component.
func (c *Checker) resolve(v any) (object, bool) {
	o, ok := v.(object)
	ref, is := o["$ref"].(string)
	if !is {
		return o, ok
	}
	at := any(c.doc)
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(object)[name]
	}
	o, ok = at.(object)
	return o, ok
}

// methods returns what a path can be asked with, in the order of the header Allow.
func methods(item object) []string {
	var list []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete} {
		if item[strings.ToLower(m)] != nil || m == http.MethodHead && item["get"] != nil {
			list = append(list, m)
		}
	}
	return list
}

func texts(errs []*errors.ValidationError) []string {
	var list []string
	for _, e := range errs {
		text := e.Message + ": " + e.Reason
		for _, s := range e.SchemaValidationErrors {
			text += "\n    " + s.FieldPath + ": " + s.Reason
		}
		list = append(list, text)
	}
	return list
}
