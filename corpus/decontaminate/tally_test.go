package decontaminate

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

const (
	tale  = "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness"
	whale = "Call me Ishmael. Some years ago, never mind how long precisely, having little or no money in my purse"
)

func exams(t *testing.T, change ...func(*Options)) *T {
	t.Helper()
	T, err := NewItems([]Loaded{{"books", []string{tale, "short", whale}}, {"again", []string{whale + " and so on"}}}, defaults(change...))
	if err != nil {
		t.Fatal(err)
	}
	return T
}

func apply(t *T, text string) *document.Document {
	var d document.Document
	d.Reset([]byte(text))
	t.Worker().Apply(&d)
	return &d
}

func TestApply(t *testing.T) {
	T := exams(t)
	d := apply(T, "As is written: "+strings.ToUpper(whale)+".")
	want := []document.Hit{{Set: "books", Item: 2, Rule: "ngram13"}, {Set: "again", Item: 0, Rule: "ngram13"}}
	if !reflect.DeepEqual(d.Hits, want) || d.Drop == nil || *d.Drop != (document.Drop{Filter: "decontaminate", Rule: "ngram13", Value: 2, Note: "books 2"}) {
		t.Errorf("%v %+v", d.Hits, d.Drop)
	}
	spaced := strings.NewReplacer(" ", "", ",", " -- ", ".", "\n").Replace(tale)
	d = apply(T, spaced)
	if want := []document.Hit{{Set: "books", Item: 0, Rule: "substring50"}}; !reflect.DeepEqual(d.Hits, want) {
		t.Errorf("without spaces: %v", d.Hits)
	}
	if d = apply(exams(t, func(o *Options) { o.Action = ActionReport }), tale); d.Drop != nil || len(d.Hits) != 2 {
		t.Errorf("report: %v %v", d.Hits, d.Drop)
	}
	if d = apply(T, "It was the best of books. "+tale[:40]); d.Drop != nil || len(d.Hits) != 0 {
		t.Errorf("a clean text: %v", d.Hits)
	}
}

// TestDigits says that a number is not any other, though the words' hashes are the
// same.
func TestDigits(t *testing.T) {
	item := "A train leaves at 10 and goes 60 miles an hour for 3 hours before it stops for lunch in the town"
	T, err := NewItems([]Loaded{{"maths", []string{item}}}, defaults())
	if err != nil {
		t.Fatal(err)
	}
	if d := apply(T, strings.NewReplacer("10", "11", "60", "65", "3", "4").Replace(item)); len(d.Hits) != 0 {
		t.Errorf("other numbers: %v", d.Hits)
	}
	if d := apply(T, item); len(d.Hits) != 2 {
		t.Errorf("the item itself: %v", d.Hits)
	}
}

// TestCase says that the n-gram rule takes capital letters for small ones, in words
// with digits as well.
func TestCase(t *testing.T) {
	item := "Die Ämter É2 und Ü3 haben am 4. Mai im Saal A1b über die Größe der neuen Straße beraten"
	T, err := NewItems([]Loaded{{"news", []string{item}}}, defaults(func(o *Options) { o.Rules = []string{"ngram13"} }))
	if err != nil {
		t.Fatal(err)
	}
	if d := apply(T, strings.ToLower(item)); len(d.Hits) != 1 {
		t.Errorf("in small letters: %v", d.Hits)
	}
}

func TestTally(t *testing.T) {
	T := exams(t)
	texts := []string{tale, whale, "nothing", tale + whale, strings.ToUpper(tale), whale}
	whole := T.NewTally()
	parts := []*Tally{T.NewTally(), T.NewTally(), T.NewTally()}
	for _, i := range rand.Perm(len(texts)) {
		hits := apply(T, texts[i]).Hits
		for _, tally := range []*Tally{whole, parts[rand.IntN(3)]} {
			if err := tally.Add(hits); err != nil {
				t.Fatal(err)
			}
		}
	}
	sum := T.NewTally()
	for _, i := range rand.Perm(3) {
		stored, err := json.Marshal(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		var back Tally
		if err := json.Unmarshal(stored, &back); err != nil {
			t.Fatal(err)
		}
		if err := sum.Merge(&back); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(sum, whole) {
		t.Errorf("parts make %+v, the whole %+v", sum, whole)
	}
	reports, err := sum.Reports()
	if err != nil {
		t.Fatal(err)
	}
	want := []Report{
		{"books", 3, 2, 1, 2, map[string]RuleReport{"substring50": {2, 2}, "ngram13": {2, 2}}, 5},
		{"again", 1, 1, 0, 1, map[string]RuleReport{"substring50": {1, 1}, "ngram13": {1, 1}}, 3},
	}
	if !reflect.DeepEqual(reports, want) || sum.Documents != 5 {
		t.Errorf("%+v, want %+v", reports, want)
	}
}

// TestNeverClean says that no set is reported as untouched that was not looked for.
func TestNeverClean(t *testing.T) {
	for _, tally := range []*Tally{{}, {Sets: []SetTally{{Name: "s"}}}, {Sets: []SetTally{{Name: "s", Items: 3}}}} {
		if r, err := tally.Reports(); err == nil {
			t.Errorf("%+v is reported as %+v", tally, r)
		}
	}
	T := exams(t)
	tally := T.NewTally()
	for _, hits := range [][]document.Hit{
		{{Set: "other", Item: 0, Rule: "ngram13"}},
		{{Set: "books", Item: 3, Rule: "ngram13"}},
		{{Set: "books", Item: -1, Rule: "ngram13"}},
		{{Set: "books", Item: 1, Rule: "ngram8"}},
	} {
		if err := tally.Add(hits); err == nil {
			t.Errorf("%v is added", hits)
		}
	}
	if err := tally.Merge(exams(t, func(o *Options) { o.Seed = 1 }).NewTally()); err == nil {
		t.Error("tallies of different options are merged")
	}
	var back Tally
	if err := json.Unmarshal([]byte(`{"sets":[{"name":"s","items":1000000,"touched":{"ngram13":"AA=="}}]}`), &back); err == nil {
		t.Error("a tally that does not fit together is read")
	}
}

func TestFingerprint(t *testing.T) {
	same, report := exams(t), exams(t, func(o *Options) { o.Action = ActionReport })
	seed := exams(t, func(o *Options) { o.Seed = 1 })
	if exams(t).Fingerprint() != same.Fingerprint() || same.Fingerprint() != report.Fingerprint() || same.Fingerprint() == seed.Fingerprint() {
		t.Error("the fingerprint is not that of items and rules")
	}
	a, _ := NewItems([]Loaded{{"s", []string{tale, whale}}}, defaults())
	b, _ := NewItems([]Loaded{{"s", []string{tale + whale, ""}}}, defaults())
	if a.Fingerprint() == b.Fingerprint() {
		t.Error("the bounds of items do not count")
	}
}
