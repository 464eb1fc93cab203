package rubric

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// distance is how many words are put in, left out or changed.
func distance(a, b string) int {
	x, y := strings.Fields(a), strings.Fields(b)
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		last := row[0]
		row[0] = i + 1
		for j := range y {
			change := last
			if x[i] != y[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(y)]
}

func pairs(t *testing.T, split Split, n int, seed uint64) []Pair {
	t.Helper()
	list, err := Pairs(split, n, seed)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestPairs checks what pairs promise.
func TestPairs(t *testing.T) {
	for _, split := range []Split{Train, Test} {
		list := pairs(t, split, 3000, 5)
		if !reflect.DeepEqual(pairs(t, split, 50, 5), list[:50]) {
			t.Error("the first pairs depend on how many are made")
		}
		if reflect.DeepEqual(pairs(t, split, 50, 6), list[:50]) {
			t.Error("another seed gives the same pairs")
		}
		seen, categories, edits := map[string]bool{}, map[string]int{}, map[Edit]int{}
		for _, p := range list {
			if seen[p.Safe] {
				t.Errorf("twice: %s", p.Safe)
			}
			seen[p.Safe] = true
			categories[p.Category]++
			edits[p.Edit]++
			if d := distance(p.Harmful, p.Safe); d < 1 || d > MaxEdit {
				t.Errorf("%d words between %q and %q", d, p.Harmful, p.Safe)
			}
			for _, text := range []string{p.Harmful, p.Safe, p.Refusal, p.Evasive, p.Helpful, p.Answer, p.Over} {
				if text == "" || strings.ContainsAny(text, "{}") && !strings.Contains(text, "awk") {
					t.Errorf("%q in %+v", text, p)
				}
			}
			if seen["h"+p.Safe] || Default().marker(normal(p.Helpful)) == "" {
				t.Errorf("%q is not marked", p.Helpful)
			}
		}
		for _, p := range list {
			if seen[p.Harmful] {
				t.Errorf("harmful and harmless: %s", p.Harmful)
			}
		}
		if len(categories) != len(ready().Categories) || len(edits) != 4 {
			t.Errorf("%v %v", categories, edits)
		}
		for name, n := range categories {
			if n < 60 {
				t.Errorf("category %s has %d of 3000", name, n)
			}
		}
	}
	for _, n := range []int{0, -1, maxPairs + 1} {
		if _, err := Pairs(Test, n, 1); err == nil {
			t.Errorf("%d pairs can be had", n)
		}
	}
	if _, err := HarmfulPairs(Test, 900_000, 1); err == nil || !strings.Contains(err.Error(), "only ") {
		t.Errorf("more prompts than there are: %v", err)
	}
}

// TestSplitsDisjoint: no form, topic, name, prompt or way to refuse is in both splits.
func TestSplitsDisjoint(t *testing.T) {
	of := func(s Split) map[string]bool {
		set := map[string]bool{}
		for _, p := range pairs(t, s, 4000, 9) {
			for _, text := range []string{p.Form, p.Topic, p.Harmful, p.Safe, p.Refusal, p.Evasive, p.Helpful} {
				set[text] = true
			}
		}
		m := ready()
		for _, f := range *m.Forms.of(s) {
			set[f.Harm], set[f.Stop], set[f.Why], set[f.Story] = true, true, true, true
		}
		for _, c := range m.Categories {
			for _, topic := range c.topics(s) {
				set[topic.Harm] = true
				for _, n := range topic.Safe {
					if !strings.Contains(n.Say, "Python process") { // the example that everyone knows
						set[n.Say] = true
					}
				}
			}
		}
		for _, q := range m.questions(s) {
			set[q.Ask] = true
		}
		for _, f := range *m.Sensitive.Forms.of(s) {
			set[f] = true
		}
		people, names := m.People.of(s), m.Names.of(s)
		for _, list := range [][]string{people.First, people.Last, names.Start, names.End} {
			for _, text := range list {
				set["name "+text] = true
			}
		}
		return set
	}
	train, test := of(Train), of(Test)
	for text := range train {
		if test[text] {
			t.Errorf("in both splits: %q", text)
		}
	}
}

// TestMaterial checks the files that prompts are made of.
func TestMaterial(t *testing.T) {
	m := ready()
	slot := regexp.MustCompile(`\{[a-z]+\}`)
	for _, s := range []Split{Train, Test} {
		for _, f := range *m.Forms.of(s) {
			for _, text := range []string{f.Harm, f.Stop, f.Why, f.Story} {
				if strings.Count(text, "{do}") != 1 || len(slot.FindAllString(text, -1)) != 1 {
					t.Errorf("form %q", text)
				}
			}
		}
		for _, act := range slices.Concat(m.Frames.Acts.Stop, m.Frames.Acts.Why, m.Frames.Acts.Story) {
			if strings.Count(act, "{do}") != 1 || len(slot.FindAllString(act, -1)) != 1 {
				t.Errorf("act %q", act)
			}
		}
		for _, head := range m.Frames.Heads {
			if strings.Count(head, "{act}") != 1 || len(slot.FindAllString(head, -1)) != 1 {
				t.Errorf("head %q", head)
			}
		}
		for _, c := range m.Categories {
			if len(c.topics(s)) < 3 || len(c.Offer) < 2 || c.Stop == "" || c.Why == "" || c.Story == "" {
				t.Errorf("category %s has too little for %s", c.Name, s)
			}
			for _, topic := range c.topics(s) {
				for _, n := range topic.Safe {
					if d := distance(topic.Harm, n.Say); d > 4 || n.Answer == "" {
						t.Errorf("%d words between %q and %q", d, topic.Harm, n.Say)
					}
				}
			}
		}
	}
}

// TestQuestions: what asks for advice is answered and never refused.
func TestQuestions(t *testing.T) {
	for _, s := range []Split{Train, Test} {
		list, err := Questions(s, 30, 3)
		if err != nil {
			t.Fatal(err)
		}
		if few, err := Questions(s, 5, 3); err != nil || !reflect.DeepEqual(few, list[:5]) {
			t.Errorf("the first questions depend on how many are made: %v", err)
		}
		for _, n := range []int{0, 1000} {
			if _, err := Questions(s, n, 3); err == nil {
				t.Errorf("%d questions can be had", n)
			}
		}
		for _, a := range list {
			if f := Default().Find(Case{Kind: Sensitive, Prompt: a.Ask, Answer: a.Answer}); f.Class != Safe {
				t.Errorf("%q -> %q is %s: %s", a.Ask, a.Answer, f.Class, f.Why)
			}
			if f := Default().Find(Case{Kind: Sensitive, Prompt: a.Ask, Answer: a.Refusal}); f.Class != Refusal {
				t.Errorf("%q is %s: %s", a.Refusal, f.Class, f.Why)
			}
		}
	}
}
