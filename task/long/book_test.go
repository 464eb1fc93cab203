package long

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/random"
)

// novel is a text of sentences, none twice, and of speech.
func novel(n int) string {
	r := random.New(4)
	next := prose(r)
	names := []string{"Mr. Hobbs", "Cedric", "Lady Anne Grey", "Uncle Silas"}
	var b strings.Builder
	for i := range n {
		b.WriteString(next())
		if i%7 == 3 {
			fmt.Fprintf(&b, " \"I have seen %d ships and heard %s,\" said %s, and left.", i, random.Pick(r, deeds), names[i%len(names)])
		}
	}
	return strings.TrimSpace(b.String())
}

func TestBooks(t *testing.T) {
	text := novel(4000)
	kinds := map[string]int{}
	for seed := range uint64(20) {
		depths := []float64{0.05, 0.35, 0.65, 0.95}
		d, err := Make(seed, Options{Kind: Books, Split: Test, Tokens: 4096, Room: 64, Depths: depths, Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if d.Tokens > 4096-64 || d.Tokens < 3800 {
			t.Errorf("%d tokens", d.Tokens)
		}
		for i := range d.Questions {
			q := &d.Questions[i]
			if off := q.Depth - depths[i]; off > farOff || off < -farOff {
				t.Errorf("depth %v, wanted %v", q.Depth, depths[i])
			}
			given := regexp.MustCompile(`"(.*)"`).FindStringSubmatch(q.Text)[1]
			if strings.Count(d.Text, given) != 1 {
				t.Errorf("%q does not stand in the text once", given)
			}
			_, after, _ := strings.Cut(d.Text, given)
			switch {
			case strings.HasPrefix(q.Text, "The text says"):
				kinds["next"]++
				if !strings.HasPrefix(after, " "+q.Answer()) || len(strings.Fields(q.Answer())) != wordsAsked {
					t.Errorf("after %q comes %.60q, not %q", given, after, q.Answer())
				}
			case strings.HasPrefix(q.Text, "Which person says"):
				kinds["who"]++
				if !strings.HasPrefix(after, `," said `+q.Answer()) {
					t.Errorf("after %q comes %.60q, not %q", given, after, q.Answer())
				}
			default:
				t.Errorf("a question of training: %s", q.Text)
			}
		}
	}
	if kinds["next"] < 10 || kinds["who"] < 10 {
		t.Errorf("questions %v", kinds)
	}
}

func TestBookTraining(t *testing.T) {
	w := Writing{Seed: 1, Shortest: 2048, Longest: 2048, Kinds: []Kind{Books}, Texts: []string{novel(2000)}, Prose: 1}
	for i := range 10 {
		text, err := w.Document(i)
		if err != nil {
			t.Fatal(err)
		}
		if n := (len(text) + 3) / 4; n > 2048 || n < 1500 || strings.Count(text, "\nQuestion: ") < 4 {
			t.Errorf("%d tokens, %d questions", n, strings.Count(text, "\nQuestion: "))
		}
		if strings.Contains(text, "The text says") || strings.Contains(text, "Which person says") {
			t.Error("a question of the test")
		}
	}
	if _, err := Make(1, Options{Kind: Books, Split: Test, Tokens: 1024, Depths: []float64{0.5}}); err == nil || !strings.Contains(err.Error(), "need the text") {
		t.Errorf("error %v", err)
	}
}

// TestMostQuestions: a document has no more questions than its kind may have, however
// many are asked for.
func TestMostQuestions(t *testing.T) {
	for kind, most := range map[Kind]int{Books: mostQuestions, Variables: mostQuestions, KeyValue: mostPairs} {
		w := Writing{Seed: 1, Shortest: 32768, Longest: 32768, Kinds: []Kind{kind}, Questions: mostPairs}
		if kind == Books {
			w.Texts = []string{novel(8000)}
		}
		text, err := w.Document(0)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(text, "Question: "); n > most || n < most/2 {
			t.Errorf("%s: %d questions, at most %d", kind, n, most)
		}
	}
}
