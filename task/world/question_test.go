package world

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func made(t *testing.T, o Options) []*Question {
	t.Helper()
	if o.Size == 0 {
		o.World, o.Size = DefaultWorld, DefaultSize
	}
	var list []*Question
	if err := o.Each(func(q *Question) error { list = append(list, q); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

// What is right is supported by the source, and what is made up is not, claim by claim.
func TestAnswers(t *testing.T) {
	shapes := map[string]int{}
	for _, split := range Splits {
		for _, q := range made(t, Options{Number: 600, Seed: 3, Split: split}) {
			shapes[string(split)+" "+string(q.Domain)+" "+string(q.Shape)]++
			source := Read(q.Source)
			for _, c := range Claims(q.Source) {
				if !c.Read || c.Declines {
					t.Fatalf("the source is not read: %q of %q", c.Text, q.Source)
				}
			}
			for _, c := range Claims(q.Answer) {
				if !source.Supports(c) || c.Declines == q.Answerable() {
					t.Errorf("%s\nright: %s", q.Prompt, q.Answer)
				}
			}
			unsupported := Unsupported(q.Source, q.Wrong)
			if len(unsupported) != len(q.Unsupported) || len(unsupported) == 0 {
				t.Errorf("%s\nwrong: %s\nunsupported: %v\nlisted: %q", q.Prompt, q.Wrong, unsupported, q.Unsupported)
			}
			for i, c := range unsupported {
				if c.Text+"." != q.Unsupported[i] {
					t.Errorf("%q is listed as %q", c.Text, q.Unsupported[i])
				}
			}
			for _, c := range Claims(q.Beside) {
				if !source.Supports(c) || c.Declines {
					t.Errorf("%s\nbeside the point: %s", q.Prompt, q.Beside)
				}
			}
			if (q.Beside != "") != (q.Domain == Closed) || q.Beside == q.Answer {
				t.Errorf("%s\nright: %s\nbeside the point: %q", q.Prompt, q.Answer, q.Beside)
			}
			if q.Domain == Closed && !strings.Contains(q.Prompt, q.Passage) || !strings.Contains(q.Prompt, q.Subject) {
				t.Errorf("the prompt lacks what it is about: %s", q.Prompt)
			}
			if !Declines(q.Declined) {
				t.Errorf("%q does not decline", q.Declined)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(shapes)) {
		t.Log(key, shapes[key])
		if shapes[key] < 25 {
			t.Errorf("%s: %d questions", key, shapes[key])
		}
	}
	if len(shapes) != len(Splits)*6 {
		t.Errorf("%d shapes", len(shapes))
	}
}

// Nobody is asked for in two splits, nor in one form; the first questions are those of
// a longer list.
func TestApart(t *testing.T) {
	subjects := map[string]Split{}
	for _, split := range Splits {
		list := made(t, Options{Number: 400, Seed: 1, Split: split})
		for _, q := range list {
			if other, ok := subjects[q.Subject]; ok && other != split {
				t.Errorf("%s is in %s and %s", q.Subject, other, split)
			}
			subjects[q.Subject] = split
		}
		for i, q := range made(t, Options{Number: 50, Seed: 1, Split: split}) {
			if q.Prompt != list[i].Prompt {
				t.Fatal("a shorter list is another")
			}
		}
	}
	in := func(f form, s Split) bool { return slices.Contains(s.forms(), f) }
	for o := range numOpenings {
		for w := range numWordings {
			f := form{o, w}
			if in(f, Train) == in(f, Test) || in(f, Train) != in(f, Rollout) {
				t.Errorf("%v is in train %v, rollout %v, test %v", f, in(f, Train), in(f, Rollout), in(f, Test))
			}
		}
	}
}

// The corpus tells the facts and no others, the often told ones more often.
func TestCorpus(t *testing.T) {
	w, err := New(5, 60)
	if err != nil {
		t.Fatal(err)
	}
	facts := map[Fact]bool{}
	for _, f := range w.Facts() {
		facts[f] = true
	}
	told := map[Fact]int{}
	err = w.Each(7, func(text string) error {
		for _, c := range Claims(text) {
			if !c.Read || !facts[c.Fact] {
				t.Errorf("told: %q of %q", c.Text, text)
			}
			told[c.Fact]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for f := range facts {
		if told[f] != w.Tier(f.Subject).Times() {
			t.Errorf("%v is told %d times, of tier %s", f, told[f], w.Tier(f.Subject))
		}
	}
	for _, k := range Kinds {
		names, missing := w.Names(k), w.Missing(k)
		if len(names)+len(missing) != len(starts)*len(endings[k]) || len(names) < 15 {
			t.Errorf("%s: %d names and %d that are missing", k, len(names), len(missing))
		}
		for _, n := range missing {
			if slices.Contains(names, n) || w.Tier(n) != "" {
				t.Errorf("%s exists", n)
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	for want, o := range map[string]Options{
		"0 questions":     {Size: 20, Split: Train},
		"no domain":       {Number: 1, Size: 20, Split: Train, Domains: []Domain{"half"}},
		"named twice":     {Number: 1, Size: 20, Split: Train, Domains: []Domain{Open, Open}},
		"of 8 subjects":   {Number: 1, Size: 8, Split: Train},
		"no split":        {Number: 1, Size: 20},
		"of 601 subjects": {Number: 1, Size: 601, Split: Train},
	} {
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	few := Options{Number: MostQuestions, Size: 9, Split: Test, Domains: []Domain{Open}}
	err := few.Each(func(*Question) error { return nil })
	if !errors.Is(err, ErrFew) {
		t.Errorf("endless questions on a small world: %v", err)
	}
}

func TestComplete(t *testing.T) {
	for _, c := range []struct{ attribute, answer, want string }{
		{"profession", "A baker.", "Belmund is a baker."},
		{"profession", "baker", "Belmund is a baker."},
		{"birth year", "In 1801", "Belmund was born in 1801."},
		{"teacher", "Cordric.", "Belmund was taught by Cordric."},
		{"teacher", "nobody", "nobody"},
		{"profession", "Belmund is a judge.", "Belmund is a judge."},
		{"no such", "baker", "baker"},
		{"profession", "", ""},
	} {
		if got := Complete("Belmund", c.attribute, c.answer); got != c.want {
			t.Errorf("%s %q: %q", c.attribute, c.answer, got)
		}
	}
	if State(Fact{"Belmund", "no such", "x"}) != "" {
		t.Error("an attribute that does not exist is stated")
	}
}
