package constraint

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// each makes items of both splits.
func each(t *testing.T, o Options, splits []Split, do func(it *Item, s Split)) {
	t.Helper()
	i := 0
	if err := o.Each(splits, func(it *Item) error {
		do(it, splits[i%len(splits)])
		i++
		return nil
	}); err != nil || i != o.Number {
		t.Fatalf("%d items, %v", i, err)
	}
}

// TestItems: the answer of each item meets its constraints in either reading, which are
// valid and say so in the prompt; and no combination of kinds, nor a pair that is new in
// the test, is in training.
func TestItems(t *testing.T) {
	combinations := map[Split]map[string]bool{Train: {}, Test: {}}
	pairs := map[Split]map[string]bool{Train: {}, Test: {}}
	kinds := map[Split]map[Kind]int{Train: {}, Test: {}}
	seen := map[string]bool{}
	each(t, Options{Number: 6000, Seed: 3}, Splits, func(it *Item, s Split) {
		if err := Validate(it.Constraints); err != nil {
			t.Fatal(err)
		}
		if r := Judge(it.Constraints, it.Answer); r.Strict != len(it.Constraints) || r.Loose != r.Strict {
			t.Errorf("%s\n%s\n%+v", it.Prompt, it.Answer, r)
		}
		if seen[it.Prompt] || !strings.HasPrefix(it.Prompt, it.Request) || it.Split() != s || it.Topic == "" {
			t.Errorf("%s: %s", s, it.Prompt)
		}
		seen[it.Prompt] = true
		for i, c := range it.Constraints {
			if !slices.ContainsFunc([]int{0, 1, 2, 3}, func(form int) bool { return strings.Contains(it.Prompt, c.Describe(form)) }) {
				t.Errorf("%+v is not in the prompt %s", c, it.Prompt)
			}
			if s == Train && strings.Contains(it.Prompt, c.Describe(Forms-1)) {
				t.Errorf("a form of the test is in training: %s", it.Prompt)
			}
			kinds[s][c.Kind]++
			for _, other := range it.Constraints[:i] {
				pair := []string{string(c.Kind), string(other.Kind)}
				slices.Sort(pair)
				if newPair(c.Kind, other.Kind) != newPair(other.Kind, c.Kind) {
					t.Errorf("the order of %v counts", pair)
				}
				if newPair(c.Kind, other.Kind) {
					pairs[s][strings.Join(pair, "+")] = true
				}
			}
		}
		combinations[s][it.Combination()] = true
	})
	for c := range combinations[Test] {
		if combinations[Train][c] {
			t.Errorf("%s is in both", c)
		}
	}
	if len(pairs[Train]) > 0 || len(pairs[Test]) < 30 {
		t.Errorf("new pairs: %v in training, %d in the test", pairs[Train], len(pairs[Test]))
	}
	for _, k := range Kinds {
		if kinds[Train][k] < 50 || kinds[Test][k] < 20 {
			t.Errorf("%s comes %d times in training, %d in the test", k, kinds[Train][k], kinds[Test][k])
		}
	}
	t.Logf("combinations: %d of training, %d of the test with %d new pairs", len(combinations[Train]), len(combinations[Test]), len(pairs[Test]))
}

// TestBroken: what is broken breaks one constraint and is nearly always found.
func TestBroken(t *testing.T) {
	none, all := 0, map[Kind]int{}
	n := uint64(0)
	each(t, Options{Number: 3000, Seed: 5}, Splits, func(it *Item, _ Split) {
		n++
		answer, which, ok := it.Broken(7, n)
		if !ok {
			none++
			return
		}
		all[it.Constraints[which].Kind]++
		for i := range it.Constraints {
			if met, why := it.Constraints[i].Check(answer); met == (i == which) {
				t.Errorf("%d of %+v was to be broken: %s\n%s", which, it.Constraints, why, answer)
			}
		}
		if again, same, _ := it.Broken(7, n); again != answer || same != which {
			t.Error("what is broken is not a function of seed and index")
		}
	})
	for _, k := range Kinds {
		if all[k] < 10 {
			t.Errorf("%s is broken %d times", k, all[k])
		}
	}
	if none > 15 {
		t.Errorf("of %d items %d cannot be broken", n, none)
	}
	t.Logf("of %d items %d cannot be broken", n, none)
}

// TestCheapAnswers: who does not read the constraints meets few. The bounds are what was
// measured, with some room; docs/eval.md has the numbers.
func TestCheapAnswers(t *testing.T) {
	type tally struct{ right, met, all int }
	byName := map[string]*tally{}
	var before *Item
	items := 0
	each(t, Options{Number: 4000, Seed: 11}, []Split{Test}, func(it *Item, _ Split) {
		items++
		answers := map[string]string{
			"empty": "", "one word": "Yes.", "prompt": it.Prompt, "request": it.Request,
			"text alone": strings.Join(it.base.Sentences, " "),
		}
		if before != nil {
			answers["answer of another"] = before.Answer
		}
		before = it
		for name, answer := range answers {
			r := Judge(it.Constraints, answer)
			one := byName[name]
			if one == nil {
				one = &tally{}
				byName[name] = one
			}
			one.all += len(it.Constraints)
			one.met += r.Strict
			if r.Strict == len(it.Constraints) {
				one.right++
			}
		}
	})
	for name, most := range map[string][2]float64{
		"empty": {0, 0}, "one word": {0, 0.25}, "prompt": {0, 0.4}, "request": {0, 0.25}, "text alone": {0.05, 0.3}, "answer of another": {0.05, 0.3},
	} {
		one := byName[name]
		right, met := float64(one.right)/float64(items), float64(one.met)/float64(one.all)
		t.Logf("%s: %.1f%% right, %.1f%% of the constraints", name, 100*right, 100*met)
		if right > most[0] || met > most[1] {
			t.Errorf("%s: %.1f%% right, %.1f%% of the constraints", name, 100*right, 100*met)
		}
	}
}

// TestDraw: numbers of constraints, splits, own texts, and what is refused.
func TestDraw(t *testing.T) {
	for _, s := range Splits {
		for number := 1; number <= MostDrawn; number++ {
			it, err := Draw(nil, 1, 2, number, s)
			if s == Test && number == 1 {
				if err == nil {
					t.Error("one constraint alone is of the test")
				}
				continue
			}
			if err != nil || len(it.Constraints) != number || it.Split() != s {
				t.Fatalf("%d of %s: %+v, %v", number, s, it, err)
			}
			again, _ := Draw(nil, 1, 2, number, s)
			if !reflect.DeepEqual(it, again) {
				t.Error("the same arguments give another item")
			}
		}
	}
	own := []Base{{Request: "How does the pump work?", Sentences: []string{
		"The motor turns the wheel.", "The wheel moves the water.", "A valve keeps it from flowing back.", "The tank is on the roof.", "A switch stops the motor.", "It runs at night.",
	}}}
	it, err := Draw(own, 1, 2, 2, Train)
	if err != nil || !strings.HasPrefix(it.Prompt, "How does the pump work?") || !strings.Contains(strings.ToLower(it.Answer), "the ") {
		t.Errorf("%+v, %v", it, err)
	}
	for want, bases := range map[string][]Base{
		"neither topic nor request": {{}},
		"0 sentences":               {{Topic: "x"}},
		"sentence 2 is no single":   {{Topic: "x", Sentences: []string{"A.", "B. C.", "D.", "E.", "F."}}},
		"sentence 1: a text":        {{Topic: "x", Sentences: []string{" A.", "B.", "D.", "E.", "F."}}},
		"language":                  {{Topic: "x", Language: "dutch", Sentences: []string{"A.", "B.", "D.", "E.", "F."}}},
		"no constraints are found":  {},
	} {
		if _, err := Draw(bases, 1, 1, 2, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", bases, err, want)
		}
	}
	if _, err := Draw(nil, 1, 1, MostDrawn+1, Train); err == nil {
		t.Error("too many")
	}
	if _, err := Draw(nil, 1, 1, 2, "x"); err == nil {
		t.Error("a split that there is not")
	}
	tiny := []Base{{Topic: "x", Sentences: []string{"A b.", "C d.", "E f.", "G h.", "I j."}}}
	if err := (Options{Number: MostItems, Bases: tiny}).Each([]Split{Train}, func(*Item) error { return errDone }); !errors.Is(err, errDone) {
		t.Errorf("%v", err)
	}
}

// TestOwnTexts: the package's texts are as Base says, tell their language, and have no
// spare word.
func TestOwnTexts(t *testing.T) {
	if len(ownBases) < 30 {
		t.Errorf("%d texts", len(ownBases))
	}
	for i := range ownBases {
		b := &ownBases[i]
		if err := b.check(); err != nil {
			t.Errorf("%s: %v", b.Topic, err)
		}
		if b.Language != "" {
			c := Constraint{Kind: Language, Text: b.Language}
			if ok, why := c.Check(strings.Join(b.Sentences, "\n") + b.title()); !ok {
				t.Errorf("%s, %s: %s", b.Topic, b.Language, why)
			}
		}
		for _, w := range spareWords {
			if times(strings.Join(b.Sentences, " "), w) > 0 {
				t.Errorf("%s has the spare word %s", b.Topic, w)
			}
		}
	}
}
