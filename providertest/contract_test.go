package providertest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// contract returns the comments of provider.go without markers and line breaks: all of them as one text, and sentence by
// sentence. A field's comment is one sentence; a list's points are each a text of their own.
func contract(t *testing.T) (text string, sentences []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../provider.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[*ast.CommentGroup]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.Field); ok && f.Comment != nil {
			fields[f.Comment] = true
		}
		return true
	})
	var all []string
	for _, group := range file.Comments {
		for _, paragraph := range paragraphs(group.Text()) {
			all = append(all, paragraph)
			if fields[group] {
				sentences = append(sentences, paragraph)
			} else {
				sentences = append(sentences, split(paragraph)...)
			}
		}
	}
	return strings.Join(all, " "), sentences
}

// paragraphs cuts a comment at empty lines and at the points of lists, and joins the lines of each piece.
func paragraphs(comment string) []string {
	var list []string
	begin := true
	for line := range strings.Lines(comment) {
		line = strings.Join(strings.Fields(line), " ")
		point, isPoint := strings.CutPrefix(line, "- ")
		switch {
		case line == "":
			begin = true
		case isPoint:
			list, begin = append(list, point), false
		case begin:
			list, begin = append(list, line), false
		default:
			list[len(list)-1] += " " + line
		}
	}
	return list
}

// split cuts a text after each full stop that a new sentence follows.
func split(text string) []string {
	var list []string
	for {
		end := -1
		for i := 0; i+2 < len(text); i++ {
			if text[i] == '.' && text[i+1] == ' ' && (text[i+2] >= 'A' && text[i+2] <= 'Z' || text[i+2] == '[' || text[i+2] >= '0' && text[i+2] <= '9') {
				end = i + 1
				break
			}
		}
		if end < 0 {
			return append(list, text)
		}
		list, text = append(list, text[:end]), text[end+1:]
	}
}

func TestEverySentenceOfACaseIsInTheContract(t *testing.T) {
	text, _ := contract(t)
	names := map[string]bool{}
	for _, c := range Cases() {
		if names[c.Name] {
			t.Errorf("two cases are named %s", c.Name)
		}
		names[c.Name] = true
		if c.Sentence == "" || !strings.Contains(text, c.Sentence) {
			t.Errorf("case %s: this sentence is not in provider.go:\n\t%s", c.Name, c.Sentence)
		}
	}
}

// TestEverySentenceOfTheContractHasACase fails for a new sentence in provider.go: give it a case, or say below why no test of a
// provider can see it.
func TestEverySentenceOfTheContractHasACase(t *testing.T) {
	_, sentences := contract(t)
	all := Cases()
	unseen := map[string]bool{}
	for _, s := range withoutCase(t) {
		unseen[s] = false
	}
next:
	for _, s := range sentences {
		for _, c := range all {
			if strings.Contains(s, c.Sentence) {
				continue next
			}
		}
		if _, ok := unseen[s]; !ok {
			t.Errorf("no case has this sentence, and testdata/without_case.txt does not say why:\n%s", s)
		}
		unseen[s] = true
	}
	for s, used := range unseen {
		if !used {
			t.Errorf("testdata/without_case.txt has a sentence that is not in provider.go, or has a case:\n%s", s)
		}
	}
}

// withoutCase reads the sentences that no case checks. Lines that begin with # are the reasons.
func withoutCase(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/without_case.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}
