package storetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"
)

// TestSentencesAreTheContract proves that no case holds a store to more than the comments in store.go: each case's sentence stands
// there, word by word.
func TestSentencesAreTheContract(t *testing.T) {
	var whole strings.Builder
	for _, group := range contract(t).Comments {
		whole.WriteString(plain(group) + "\n")
	}
	for _, c := range cases() {
		if !strings.Contains(whole.String(), c.sentence) {
			t.Errorf("case %q: store.go does not say %q", c.name, c.sentence)
		}
	}
}

// TestContractHasCases proves the other way round: each clause that Store, its methods, Key and Rows are documented with is the
// sentence of a case, or part of one, or stands here with the reason why not.
func TestContractHasCases(t *testing.T) {
	exempt := map[string]string{
		"Store keeps the rows":                                 "says what it is for",
		"IDs and keys are UTF-8 text without NUL":              "what a store may rely on",
		"An implementation needs one thing of its database":    "tells authors what to look for; Commit's cases hold them to it",
		"a batch of writes that happens whole or not at all":   "likewise",
		"[EncodeRow] and [DecodeRow] are at hand":              "an offer",
		"What costs time must not grow with the rows of other": "the package comment says why",
		"Run storetest against an implementation":              "the kit itself",
		"See [Key] for which session":                          "Key's cases",
		"Filters and orders that [Filter] names are served":    "the package comment says why",
		"ErrCommitUnknown when it may have happened":           "takes a connection that can be cut",
		"the named operation":                                  "Key's cases: it is in Rows as well",
		"the request, and its operation":                       "Key's cases: brings the request, its operation",
		"Claim takes due work":                                 "says what it is for",
		"Done finishes claimed work":                           "says what it is for",
		"Settings returns the one row of settings":             "says what it is for",
		"Key says what to load":                                "says what it is for",
		"A row may name rows that are not there":               "every other case does",
		"Rows is what a store returns":                         "says what it is for",
	}
	used := map[string]bool{}
	for _, clause := range clauses(t) {
		if coveredByCase(clause) {
			continue
		}
		found := false
		for start := range exempt {
			if strings.HasPrefix(clause, start) {
				found, used[start] = true, true
			}
		}
		if !found {
			t.Errorf("no case holds a store to %q", clause)
		}
	}
	for start := range exempt {
		if !used[start] {
			t.Errorf("the exemption of %q is not needed", start)
		}
	}
}

func coveredByCase(clause string) bool {
	for _, c := range cases() {
		if strings.Contains(clause, c.sentence) || strings.Contains(c.sentence, clause) {
			return true
		}
	}
	return false
}

// clauses returns what the comments of Store, its methods, Key and Rows and of their fields say, cut at full stops, semicolons and
// colons.
func clauses(t *testing.T) []string {
	var text []string
	add := func(group *ast.CommentGroup) {
		if group != nil {
			text = append(text, regexp.MustCompile(`[.;:]( |$)`).Split(plain(group), -1)...)
		}
	}
	for _, decl := range contract(t).Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			ts, ok := spec.(*ast.TypeSpec)
			if !ok {
				continue
			}
			switch typ := ts.Type.(type) {
			case *ast.InterfaceType:
				add(g.Doc)
				for _, m := range typ.Methods.List {
					add(m.Doc)
				}
			case *ast.StructType:
				if ts.Name.Name == "Key" || ts.Name.Name == "Rows" {
					add(g.Doc)
				}
			}
		}
	}
	var clauses []string
	for _, c := range text {
		if c = strings.TrimSpace(c); c != "" {
			clauses = append(clauses, c)
		}
	}
	if len(clauses) < 40 {
		t.Fatalf("found only %d clauses in store.go", len(clauses))
	}
	return clauses
}

// contract parses store.go.
func contract(t *testing.T) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../store.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// plain returns a comment as one line, without markers.
func plain(group *ast.CommentGroup) string { return strings.Join(strings.Fields(group.Text()), " ") }
