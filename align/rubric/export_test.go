package rubric

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/dialogue"
)

// lines decodes JSON lines.
func lines[T any](t *testing.T, write func(io.Writer) error) []T {
	t.Helper()
	var b, again bytes.Buffer
	if err := errors.Join(write(&b), write(&again)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("two exports differ")
	}
	var list []T
	for line := range strings.Lines(b.String()) {
		var one T
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&one); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		list = append(list, one)
	}
	return list
}

type conversation struct {
	Messages []dialogue.Message
	Group    string
}

// TestExports: what is taught and preferred has the class that it should have.
func TestExports(t *testing.T) {
	const n, seed = 200, 4
	prompts := lines[Prompt](t, func(w io.Writer) error { return WritePrompts(w, Train, n, seed) })
	policy := lines[conversation](t, func(w io.Writer) error { return WriteSFT(w, TeachPolicy, Train, n, seed) })
	helpful := lines[conversation](t, func(w io.Writer) error { return WriteSFT(w, TeachHelpful, Train, n, seed) })
	type preference struct {
		Prompt, Chosen, Rejected []dialogue.Message
		Group                    string
	}
	better := lines[preference](t, func(w io.Writer) error { return WriteBoundary(w, Train, n, seed) })
	if want := 2*n + n/every; len(prompts) != want || len(policy) != want || len(helpful) != want || len(better) != want {
		t.Fatalf("%d, %d, %d and %d lines, want %d", len(prompts), len(policy), len(helpful), len(better), want)
	}
	find := func(p *Prompt, answer string) Class {
		return Default().Find(Case{Kind: p.Kind, Prompt: p.Prompt, Answer: answer}).Class
	}
	kinds := map[Kind]int{}
	for i := range prompts {
		p := &prompts[i]
		kinds[p.Kind]++
		best, worst := Best(p.Kind), Refusal
		baseline := Safe
		if p.Kind == Harmful {
			worst, baseline = Disallowed, Disallowed
		}
		if c := find(p, policy[i].Messages[1].Content); c != best {
			t.Errorf("policy: %+v is %s", policy[i], c)
		}
		if c := find(p, helpful[i].Messages[1].Content); c != baseline {
			t.Errorf("helpful: %+v is %s", helpful[i], c)
		}
		if a, b := find(p, better[i].Chosen[0].Content), find(p, better[i].Rejected[0].Content); a != best || b != worst {
			t.Errorf("%+v: chosen is %s, rejected %s", better[i], a, b)
		}
		if policy[i].Messages[0].Content != p.Prompt || better[i].Prompt[0].Content != p.Prompt || policy[i].Group != p.Topic {
			t.Errorf("line %d is of different prompts", i+1)
		}
	}
	if kinds[Harmful] != n || kinds[Lookalike] != n || kinds[Sensitive] != n/every {
		t.Errorf("%v", kinds)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestExportFails(t *testing.T) {
	if err := WritePrompts(full{}, Train, 100, 1); err == nil {
		t.Error("a full disk is not seen")
	}
	if err := WriteSFT(io.Discard, TeachPolicy, Train, 0, 1); err == nil {
		t.Error("no pairs are no error")
	}
}

// TestLabels: the labels that are written are read as they were made, and what is held
// out shares no group with the rest, whatever the order.
func TestLabels(t *testing.T) {
	const n, seed = 100, 3
	var b bytes.Buffer
	if err := WriteLabels(&b, Train, n, seed); err != nil {
		t.Fatal(err)
	}
	list, err := parseLabelled(b.Bytes())
	want, errs := Labels(Train, n, seed)
	if errs != nil || err != nil || !reflect.DeepEqual(list, want) {
		t.Fatalf("%d labels, %v, %v", len(list), err, errs)
	}
	learn, held := HoldOut(list, 0.25)
	groups := map[string]bool{}
	for _, l := range held {
		groups[l.Group] = true
	}
	for _, l := range learn {
		if groups[l.Group] {
			t.Errorf("%s is on both sides", l.Group)
		}
	}
	if len(learn)+len(held) != len(list) || len(held) < len(list)/10 || len(held) > len(list)/2 {
		t.Errorf("%d and %d of %d", len(learn), len(held), len(list))
	}
	slices.Reverse(list)
	_, again := HoldOut(list, 0.25)
	slices.Reverse(again)
	if !reflect.DeepEqual(held, again) {
		t.Error("another order holds others out")
	}
	if learn, held := HoldOut(list, 0); len(held) != 0 || len(learn) != len(list) {
		t.Errorf("a share of 0 holds %d", len(held))
	}
	if _, held := HoldOut([]Labelled{{Case: Case{Prompt: "a"}}, {Case: Case{Prompt: "a"}}}, 0.5); len(held) == 1 {
		t.Error("a prompt without a group is on both sides")
	}
}
