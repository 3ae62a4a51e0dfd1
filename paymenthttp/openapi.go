package paymenthttp

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

//go:embed openapi.json
var openAPI []byte

// OpenAPI returns the OpenAPI 3.1 document of the three handlers, in JSON: for a host that describes its whole API, or generates clients. The
// handlers serve the parts of it that are theirs: GET /store/openapi.json to anybody, and GET /admin/openapi.json to whom [Config].Authorize
// allows [ActionReadDocument].
func OpenAPI() []byte { return bytes.Clone(openAPI) }

// document is an OpenAPI document of which only the paths and what they refer to are looked at.
type document struct {
	OpenAPI    string                                `json:"openapi"`
	Info       json.RawMessage                       `json:"info"`
	Tags       []map[string]string                   `json:"tags"`
	Paths      map[string]json.RawMessage            `json:"paths"`
	Components map[string]map[string]json.RawMessage `json:"components"`
}

// documentOf returns the part of the document that is about the paths with a prefix, which have one tag.
func documentOf(prefix, tag string) (answer, error) {
	var all, part document
	if err := json.Unmarshal(openAPI, &all); err != nil {
		return answer{}, fmt.Errorf("paymenthttp: openapi.json: %w", err)
	}
	part = document{OpenAPI: all.OpenAPI, Info: all.Info, Paths: map[string]json.RawMessage{}, Components: map[string]map[string]json.RawMessage{}}
	for _, t := range all.Tags {
		if t["name"] == tag {
			part.Tags = append(part.Tags, t)
		}
	}
	references := regexp.MustCompile(`"#/components/(\w+)/(\w+)"`)
	var keep func(object json.RawMessage)
	component := func(kind, name string) {
		if part.Components[kind] == nil {
			part.Components[kind] = map[string]json.RawMessage{}
		}
		if part.Components[kind][name] == nil {
			part.Components[kind][name] = all.Components[kind][name]
			keep(all.Components[kind][name])
		}
	}
	keep = func(object json.RawMessage) {
		for _, found := range references.FindAllSubmatch(object, -1) {
			component(string(found[1]), string(found[2]))
		}
	}
	for path, item := range all.Paths {
		if strings.HasPrefix(path, prefix) {
			part.Paths[path] = item
			keep(item)
		}
	}
	for _, named := range []string{"NotFound", "MethodNotAllowed"} { // by the text
		component("responses", named)
	}
	b, err := json.Marshal(part)
	return answer{body: json.RawMessage(b), etag: fmt.Sprintf(`"%x"`, sha256.Sum256(b))}, err
}
