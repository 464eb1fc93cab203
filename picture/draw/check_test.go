package draw_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/picture/draw"
)

// The checker knows only the JSON of the facts, as written down here again, and
// what the words of a question mean. It calls nothing of the generator's code.

type box [4]int

type object struct {
	Shape, Color, Size string
	Box                box
}

type facts struct {
	Kind    string
	Size    int
	Objects []object
	Panels  []box
	Chart   struct {
		Type, Title        string
		Max, Step, Quantum int
		Printed            bool
		Plot               box
		Points             []struct {
			Label, Color string
			Value        int
			Box          *box
		}
	}
	Table struct {
		Columns []string
		Rows    [][]string
	}
	Clock struct {
		Hour, Minute, Radius int
		Center               [2]int
	}
	Map struct {
		Regions []struct {
			Color string
			Box   box
		}
		Places []struct {
			Name string
			At   [2]int
		}
		Roads [][2]string
	}
	Text struct {
		Text, Font, Color string
		Lines             []string
		Box               box
	}
	Diagram struct {
		Nodes []struct {
			Label, Color, Shape string
			Box                 box
		}
		Arrows [][2]string
	}
}

// rule is the meaning of a form of words: the answer to a question, or for a
// sentence "yes" where it is true.
type rule struct {
	form   *regexp.Regexp
	answer func(f *facts, m []string) string
}

func is(form string, answer func(f *facts, m []string) string) rule {
	return rule{regexp.MustCompile("^(?:" + form + ")$"), answer}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func num(n int) string { return fmt.Sprint(n) }

// bad is the answer where a question ought not to have been asked.
func bad(why string, args ...any) string { return "NOT TO BE ASKED: " + fmt.Sprintf(why, args...) }

func ask(f *facts, rules []rule, text string) string {
	for _, r := range rules {
		if m := r.form.FindStringSubmatch(text); m != nil {
			return r.answer(f, m)
		}
	}
	return bad("nobody knows what this means")
}

func read(t testing.TB, d *draw.Drawing) *facts {
	t.Helper()
	data, err := json.Marshal(d.Facts)
	if err != nil {
		t.Fatal(err)
	}
	f := &facts{}
	if err := json.Unmarshal(data, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// meanings are the rules for the questions and for the sentences of the kinds.
var meanings = map[draw.Kind]struct{ questions, sentences []rule }{
	draw.Scene:   {sceneQuestions, sceneSentences},
	draw.Boxes:   {boxesQuestions, boxesSentences},
	draw.Chart:   {chartQuestions, chartSentences},
	draw.Table:   {tableQuestions, tableSentences},
	draw.Clock:   {clockQuestions, clockSentences},
	draw.Map:     {mapQuestions, mapSentences},
	draw.Text:    {textQuestions, textSentences},
	draw.Diagram: {diagramQuestions, diagramSentences},
}

var checkSizes = []int{64, 128, 224}

// TestAnswers asks the checker every question and lets it judge every sentence of
// some thousand pictures of each kind.
func TestAnswers(t *testing.T) {
	pictures := 2000
	if testing.Short() {
		pictures = 300
	}
	for _, kind := range draw.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			rules := meanings[kind]
			var c tally
			for i := range pictures {
				d := mustMake(t, 11, i, draw.Options{Kind: kind, Size: checkSizes[i%3], Questions: 32})
				f := read(t, d)
				for _, q := range d.Questions {
					if q.Type == draw.Description {
						continue
					}
					c.count(q)
					if want := ask(f, rules.questions, q.Text); want != q.Answer {
						t.Errorf("picture %d: %q is answered %q, the checker says %q", i, q.Text, q.Answer, want)
					}
				}
				for _, sentence := range slices.Concat(d.Descriptions...) {
					if got := ask(f, rules.sentences, sentence); got != "yes" {
						t.Errorf("picture %d: of %q the checker says %s", i, sentence, got)
					}
				}
				if t.Failed() {
					t.Logf("%+v", d.Facts)
					return
				}
			}
			least := 4
			if kind == draw.Boxes {
				least = 2
			}
			c.balanced(t, least)
		})
	}
}

// tally counts answers by form of question.
type tally struct {
	yes, no int
	types   map[draw.QuestionType]int
}

func (c *tally) count(q draw.Question) {
	if c.types == nil {
		c.types = map[draw.QuestionType]int{}
	}
	c.types[q.Type]++
	if q.Type != draw.YesNo {
		return
	}
	switch q.Answer {
	case "yes", "true":
		c.yes++
	case "no", "false":
		c.no++
	}
}

// balanced wants several types, and that always saying the same is not rewarded.
func (c *tally) balanced(t *testing.T, least int) {
	t.Helper()
	t.Log(c.types, "yes", c.yes, "no", c.no)
	if len(c.types) < least {
		t.Errorf("only questions of types %v are asked", c.types)
	}
	if share := float64(c.yes) / float64(c.yes+c.no); share < 0.35 || share > 0.65 {
		t.Errorf("of the questions for yes or no, %.0f%% are answered yes", 100*share)
	}
}

func mustMake(t testing.TB, seed uint64, index int, o draw.Options) *draw.Drawing {
	t.Helper()
	d, err := draw.Make(seed, index, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestQuestionsChosen looks at what Make keeps.
func TestQuestionsChosen(t *testing.T) {
	for _, kind := range draw.Kinds() {
		first := 0 // descriptions that are asked for before anything else
		for i := range 200 {
			d := mustMake(t, 5, i, draw.Options{Kind: kind})
			at := slices.IndexFunc(d.Questions, func(q draw.Question) bool { return q.Type == draw.Description })
			if n := len(d.Questions); n < 3 || n > 6 || at < 0 {
				t.Fatalf("%s %d: %d questions: %v", kind, i, n, d.Questions)
			}
			if at == 0 {
				first++
			}
			text := d.Questions[at].Answer
			if !slices.ContainsFunc(d.Descriptions, func(s []string) bool { return strings.Join(s, " ") == text }) {
				t.Errorf("%s %d: %q is none of the descriptions", kind, i, text)
			}
			seen := map[string]bool{}
			for _, q := range d.Questions {
				if q.Answer == "" || seen[q.Text] {
					t.Errorf("%s %d: %q is asked twice or has no answer", kind, i, q.Text)
				}
				seen[q.Text] = true
			}
			if len(d.Descriptions) < 2 {
				t.Errorf("%s %d: %d descriptions", kind, i, len(d.Descriptions))
			}
		}
		if first < 15 || first > 85 {
			t.Errorf("%s: %d of 200 pictures begin with a description", kind, first)
		}
	}
}
