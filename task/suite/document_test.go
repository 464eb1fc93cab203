package suite

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/task"
)

// inventedDocuments are programs of lines that differ.
func inventedDocuments(n int) []Document {
	var list []Document
	for i := range n {
		var b strings.Builder
		fmt.Fprintf(&b, "package invented%d\n\n", i)
		for k := range 60 {
			fmt.Fprintf(&b, "func name%c%d(first int, second string) error {\n\treturn wrapped(%d, second) // the sum, über alles\n}\n", 'a'+k%26, k*k, i+k)
		}
		list = append(list, Document{Name: fmt.Sprintf("dir/%d.go", i), Text: b.String()})
	}
	return list
}

func textOf(t *testing.T, documents []Document, row task.Row) string {
	t.Helper()
	name := text(t, row, "cluster")
	i := slices.IndexFunc(documents, func(d Document) bool { return d.Name == name })
	if i < 0 {
		t.Fatalf("no document is called %q", name)
	}
	return documents[i].Text
}

// The right line follows what is shown and no other does, each document is asked about
// as often as the others, and at no place twice.
func TestNextLines(t *testing.T) {
	documents := append(inventedDocuments(5), Document{Name: "short.go", Text: "package short\n"}, Document{Name: "empty"})
	rows := NextLines(documents, 300, 100, 1)
	if len(rows) != 100 {
		t.Fatalf("%d questions", len(rows))
	}
	count, seen := map[string]int{}, map[string]bool{}
	for _, row := range rows {
		source, question := textOf(t, documents, row), text(t, row, "question")
		count[text(t, row, "cluster")]++
		choices, gold := choicesOf(t, row)
		if place := text(t, row, "cluster") + question; len(question) > 300 || seen[place] {
			t.Errorf("%d bytes are shown, or twice the same:\n%s", len(question), question)
		} else {
			seen[place] = true
		}
		for i, choice := range choices {
			if follows := strings.Contains(source, question+"\n"+choice+"\n"); follows != (i == gold) {
				t.Errorf("%q after\n%s\nfollows: %v", choice, question, follows)
			}
		}
	}
	for name, n := range count {
		if n < 15 || n > 25 {
			t.Errorf("%d questions about %s", n, name)
		}
	}
}

// The right passage is in the document and the wrong one is not, though it has the
// same words.
func TestWordOrders(t *testing.T) {
	documents := append(inventedDocuments(4),
		Document{Name: "line.txt", Text: strings.Repeat("one long line of prose without any end ", 100)},
		Document{Name: "spaces", Text: strings.Repeat(" ", 300)}, Document{Name: "broken", Text: strings.Repeat("\xff \xfe ", 300)})
	rows := WordOrders(documents, 120, 60, 1)
	if len(rows) != 60 {
		t.Fatalf("%d questions", len(rows))
	}
	for _, row := range rows {
		source := textOf(t, documents, row)
		choices, gold := choicesOf(t, row)
		right, wrong := choices[gold], choices[1-gold]
		a, b := strings.Fields(right), strings.Fields(wrong)
		slices.Sort(a)
		slices.Sort(b)
		if len(choices) != 2 || !strings.Contains(source, right) || strings.Contains(source, wrong) || !slices.Equal(a, b) {
			t.Errorf("right %q\nwrong %q", right, wrong)
		}
		if len(right) > 120+2*mostWord+1 {
			t.Errorf("%d bytes: %q", len(right), right)
		}
	}
}

// The same documents give the same questions, in whatever order they come, and a
// shorter list is the beginning of a longer one.
func TestDocumentsInAnyOrder(t *testing.T) {
	documents := inventedDocuments(6)
	for name, ask := range map[string]func([]Document, int, int, uint64) []task.Row{"lines": NextLines, "words": WordOrders} {
		rows := ask(documents, 200, 50, 7)
		other := slices.Clone(documents)
		slices.Reverse(other)
		if again := ask(other, 200, 20, 7); !reflect.DeepEqual(again, rows[:20]) {
			t.Errorf("%s: other questions", name)
		}
		if reflect.DeepEqual(ask(documents, 200, 50, 8), rows) {
			t.Errorf("%s: the seed changes nothing", name)
		}
		if rows := ask(documents[:1], 200, 1000, 7); len(rows) < 5 || len(rows) > mostRounds {
			t.Errorf("%s: %d questions about one document", name, len(rows))
		}
		if rows := ask(nil, 200, 10, 7); rows != nil {
			t.Errorf("%s: %d questions about nothing", name, len(rows))
		}
	}
}
