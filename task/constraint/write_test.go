package constraint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/dialogue"
)

func writing(t *testing.T, o Options) []string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, o); err != nil {
		t.Fatal(err)
	}
	text, ended := strings.CutSuffix(b.String(), "\n")
	if !ended {
		t.Error("the last line does not end")
	}
	return strings.Split(text, "\n")
}

// TestWrite reads back what is written and finds the items of training that Each gives.
func TestWrite(t *testing.T) {
	o := Options{Number: 400, Seed: 4}
	byPrompt := map[string]*Item{}
	each(t, Options{Number: 900, Seed: 4}, []Split{Train}, func(it *Item, _ Split) { byPrompt[it.Prompt] = it })
	lines := writing(t, o)
	if len(lines) != o.Number {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		var got dialogue.Conversation
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if m := got.Messages; len(m) != 2 || byPrompt[m[0].Content] == nil || m[1].Content != byPrompt[m[0].Content].Answer || m[0].Role != "user" || m[1].Role != "assistant" {
			t.Fatalf("line %d: %s", i+1, line)
		}
	}
	if short := writing(t, Options{Number: 90, Seed: 4}); strings.Join(short, "\n") != strings.Join(lines[:90], "\n") {
		t.Error("the first lines depend on how many are made")
	}
	o.Pairs = true
	lines = writing(t, o)
	if len(lines) != o.Number {
		t.Fatalf("%d pairs", len(lines))
	}
	for i, line := range lines {
		var got dialogue.Preference
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		it := byPrompt[got.Prompt[0].Content]
		if it == nil || got.Chosen[0].Content != it.Answer {
			t.Fatalf("line %d: %s", i+1, line)
		}
		if r := Judge(it.Constraints, got.Rejected[0].Content); r.Strict != len(it.Constraints)-1 {
			t.Errorf("line %d: what is rejected meets %d of %d", i+1, r.Strict, len(it.Constraints))
		}
	}
}

// TestWriteStays holds what is written against what it was: whoever changes it changes
// what models were examined on.
func TestWriteStays(t *testing.T) {
	for pairs, want := range map[bool]string{false: "64bc7be0f074872f", true: "39a007d01c18725b"} {
		sum := sha256.Sum256([]byte(strings.Join(writing(t, Options{Number: 300, Seed: 1, Pairs: pairs}), "\n")))
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("pairs %v: the items are others than they were: %s, not %s", pairs, got, want)
		}
	}
}

// broken fails after some bytes.
type broken struct{ left int }

var errBroken = errors.New("the disk is full")

func (b *broken) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestWriteFails(t *testing.T) {
	for _, left := range []int{0, 1 << 16} {
		if err := Write(&broken{left}, Options{Number: 300}); !errors.Is(err, errBroken) {
			t.Errorf("%v", err)
		}
	}
	for want, o := range map[string]Options{
		"0 requests":        {},
		"10000001 requests": {Number: MostItems + 1},
		"base text 1":       {Number: 1, Bases: []Base{{}}},
	} {
		if err := Write(&bytes.Buffer{}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if err := Write(&bytes.Buffer{}, Options{Number: 1, Bases: []Base{}}); !errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}
