package grounding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/random"
)

// document is some text with names, numbers and words that have opposites.
func document(r *random.Source, paragraphs int) string {
	people := []string{"Anna Berg", "Otto", "Maria", "Karl Lund", "Hedda"}
	places := []string{"Torv", "Lindby", "Norrvik", "Storholm"}
	var b strings.Builder
	for range paragraphs {
		for range r.Between(2, 6) {
			p, q := random.Pick(r, people), random.Pick(r, places)
			switch r.Below(7) {
			case 0:
				fmt.Fprintf(&b, "In the year %d, the old mayor %s came to %s with %d friends. ", r.Between(1700, 1999), p, q, r.Between(2, 12))
			case 1:
				fmt.Fprintf(&b, "However, the house of %s was larger than the one in %s. ", p, q)
			case 2:
				fmt.Fprintf(&b, "There the young %s did not want to live before the war. ", p)
			case 3:
				fmt.Fprintf(&b, "They say that %s taught %s how to build a boat. ", p, random.Pick(r, people))
			case 4:
				fmt.Fprintf(&b, "It was a cold day, and everybody in %s (a small town) stayed at home. ", q)
			case 6:
				fmt.Fprintf(&b, "Later %s was not at home in %s. ", p, q)
			case 5:
				fmt.Fprintf(&b, "The three sons of %s have found a rich man, who gave them money. ", p)
			}
		}
		b.WriteString("\n\n")
	}
	return b.String()
}

func examplesOf(t *testing.T, o MakerOptions, texts ...string) (all []Example) {
	t.Helper()
	m := NewMaker(o)
	for _, text := range texts {
		if err := m.Document(text, func(e Example) error { all = append(all, e); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestMaker: passages are of the document, kinds are what they say, all of them come,
// and the same is made each time.
func TestMaker(t *testing.T) {
	var texts []string
	for i := range 30 {
		texts = append(texts, document(random.New(uint64(i)), 20))
	}
	o := MakerOptions{Seed: 3, Passage: 300}
	all := examplesOf(t, o, texts...)
	if again := examplesOf(t, o, texts...); !slices.Equal(all, again) {
		t.Error("other examples the second time")
	}
	counts := map[Kind]int{}
	for _, e := range all {
		counts[e.Kind]++
		in := slices.IndexFunc(texts, func(text string) bool {
			return strings.Contains(strings.Join(strings.Fields(text), " "), e.Passage)
		})
		if in < 0 || utf8.RuneCountInString(e.Passage) > o.Passage {
			t.Fatalf("a passage that is not in the text, or too long: %q", e.Passage)
		}
		if e.Supported == e.Unsupported || strings.Contains(e.Passage, e.Unsupported) {
			t.Fatalf("%+v", e)
		}
	}
	for _, k := range Kinds {
		if counts[k] < 20 {
			t.Errorf("%d examples of kind %s, of %d", counts[k], k, len(all))
		}
	}
	if n := len(examplesOf(t, MakerOptions{Seed: 3, Passage: 300, PerDocument: 2}, texts...)); n != 60 {
		t.Errorf("%d examples with two of each document", n)
	}
	end := errors.New("enough")
	if err := NewMaker(o).Document(texts[0], func(Example) error { return end }); !errors.Is(err, end) {
		t.Errorf("the error is lost: %v", err)
	}
}

// TestChanges: what is changed in a sentence is what the kind says.
func TestChanges(t *testing.T) {
	const passage = "Anna met Otto in Torv in 1850 with three friends. She is not old."
	for _, c := range []struct {
		kind     Kind
		sentence string
		want     []string // nil: it cannot be changed so
	}{
		{Negation, "The house is not in Torv.", []string{"The house is in Torv."}},
		{Negation, "The house isn't in Torv.", []string{"The house is in Torv."}},
		{Negation, "They cannot see the house.", []string{"They can see the house."}},
		{Negation, "They won't see the house.", []string{"They will see the house."}},
		{Negation, "They can see the house.", []string{"They cannot see the house."}},
		{Negation, "They did not see the house.", nil},
		{Negation, "The house is in Torv.", []string{"The house is not in Torv."}},
		{Negation, "The house has been sold.", []string{"The house has not been sold."}},
		{Negation, "The house has a door.", nil},
		{Negation, "Is this not so.", nil},
		{Exchange, "Then Anna met Otto.", []string{"Then Otto met Anna."}},
		{Exchange, "Then Anna and Otto met.", nil},
		{Exchange, "Then Anna, Otto and Eva met Karl.", []string{"Then Anna, Otto and Karl met Eva."}},
		{Name, "Then Anna came.", []string{"Then Otto came.", "Then Torv came."}},
		{Name, "Then she came.", nil},
		{Name, "She came in Rome.", []string{"She came in Torv."}},
		{Opposite, "The first man was tall.", []string{"The last man was tall.", "The first woman was tall."}},
		{Opposite, "The cat was tall.", nil},
		{Number, "Then she came.", nil},
	} {
		for seed := range uint64(20) {
			ch := &changer{r: random.New(seed), passage: passage, near: &finds{names: []named{{"", "Anna"}, {"", "Otto"}, {"in", "Torv"}, {"in", "New York"}}}, far: &finds{}, counts: map[string]int{}}
			got, ok := ch.change(c.kind, c.sentence)
			if ok != (c.want != nil) || ok && !slices.Contains(c.want, got) {
				t.Errorf("%s of %q: %q, %v", c.kind, c.sentence, got, ok)
			}
		}
	}
	for seed := range uint64(100) {
		ch := &changer{r: random.New(seed), passage: passage, near: &finds{numbers: []string{"1850", "1899", "12", "two", "three"}}, far: &finds{}, counts: map[string]int{}}
		got, ok := ch.change(Number, "In 1850 she had three friends.")
		if !ok || got == "In 1850 she had three friends." || !strings.HasPrefix(got, "In 18") || contains(got, "1850") == contains(got, "three") {
			t.Errorf("a number of a year: %q", got)
		}
	}
}

// TestBalanced: a rare word comes to be as often as it ceases, so that it tells nothing.
func TestBalanced(t *testing.T) {
	c := &changer{r: random.New(1), counts: map[string]int{"more": 900, "less": 100}}
	toLess, toMore := 0, 0
	for range 900 {
		if c.balanced("more", "less") {
			toLess++
		}
	}
	for range 100 {
		if c.balanced("less", "more") {
			toMore++
		}
	}
	if toMore != 100 || toLess < 70 || toLess > 135 {
		t.Errorf("%d became less and %d more", toLess, toMore)
	}
}

func TestReword(t *testing.T) {
	for sentence, want := range map[string][]string{
		"However, the man is old.":                                        {"However, the man is old.", "The man is old."},
		"In the spring, the man goes to the sea.":                         {"The man goes to the sea in the spring."},
		"The house (a red one) does not stand.":                           {"The house does not stand.", "The house (a red one) doesn't stand."},
		"The man of the house saw three boats, which had come from Torv.": {"The man of the house saw 3 boats."},
		"The man bought 3 boats there.":                                   {"The man purchased 3 boats there.", "The man bought three boats there.", "The text says that the man bought 3 boats there."},
		"Version 3 does it.":                                              {"Version 3 does it."},
	} {
		seen := map[string]bool{}
		for seed := range uint64(400) {
			seen[reword(random.New(seed), sentence)] = true
		}
		for _, w := range append(want, sentence) {
			if !seen[w] {
				t.Errorf("%q never becomes %q", sentence, w)
			}
		}
		if sentence == "Version 3 does it." && len(seen) > 1 {
			t.Errorf("%q becomes %v", sentence, seen)
		}
	}
}

func FuzzMaker(f *testing.F) {
	f.Add(document(random.New(1), 3), uint64(1), 200)
	f.Add("A b c d e f 1 2. The 3rd isn't (a) \"b\" not.\n\n- x\n\xff", uint64(2), 150)
	f.Fuzz(func(t *testing.T, text string, seed uint64, passage int) {
		text = text[:min(len(text), 1<<13)] // longer ones take too long
		o := MakerOptions{Seed: seed, Passage: min(max(passage, SmallestPassage), 2000)}
		m := NewMaker(o)
		for range 2 {
			if err := m.Document(text, func(e Example) error {
				if e.Supported == e.Unsupported || e.Passage == "" || utf8.RuneCountInString(e.Passage) > o.Passage {
					return fmt.Errorf("%+v", e)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestLabelled: what is written is read again, and documents are held out whole.
func TestLabelled(t *testing.T) {
	all := examplesOf(t, MakerOptions{Seed: 1, Passage: 300}, document(random.New(1), 9), document(random.New(2), 9), document(random.New(3), 9))
	var b bytes.Buffer
	var want []Labelled
	sides := map[string]bool{}
	for i := range all {
		if err := WriteLabelled(&b, &all[i]); err != nil {
			t.Fatal(err)
		}
		labels := all[i].Labels()
		want = append(want, labels[:]...)
		if side, ok := sides[all[i].Group]; ok && side != all[i].HeldOut(0.5) {
			t.Error("a document is on both sides")
		}
		sides[all[i].Group] = all[i].HeldOut(0.5)
		if all[i].HeldOut(0) || !all[i].HeldOut(1) {
			t.Error("a share of none, or of all")
		}
	}
	path := filepath.Join(t.TempDir(), "labelled.jsonl")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadLabelled(path); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d of %d read again, %v", len(got), len(want), err)
	}
	one, other := Halves(want)
	for _, l := range one {
		if slices.ContainsFunc(other, func(o Labelled) bool { return o.Group == l.Group }) {
			t.Fatal("a document is in both halves")
		}
	}
	for _, line := range []string{"{}", `{"source":"a","statement":"b"}`, `{"source":"a","statement":"","supported":true}`, `{"source":"a","statement":"b","supported":1}`, `{"source":"a","statement":"b","supported":true,"kind":3}`, `"text"`, ""} {
		if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadLabelled(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestWritePair(t *testing.T) {
	var b bytes.Buffer
	e := Example{Passage: "A <text>.", Supported: "Yes it is.", Unsupported: "No it is.", Kind: Name, Group: "0011"}
	if err := WritePair(&b, &e); err != nil {
		t.Fatal(err)
	}
	var p struct {
		Prompt, Chosen, Rejected []struct{ Role, Content string }
		Group                    string
	}
	if err := json.Unmarshal(b.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Prompt[0].Content != EntailmentPrompt(e.Passage) || p.Chosen[0].Content != e.Supported || p.Rejected[0].Content != e.Unsupported || p.Group != e.Group || !strings.Contains(b.String(), "<text>") {
		t.Errorf("%s", b.String())
	}
}
