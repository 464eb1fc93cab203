package filter

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// TestGolden holds the decisions against those that datatrove 0.10.1 made
// (bench/peers/corpus_golden.py): the rule of each filter, and what C4's leaves.
func TestGolden(t *testing.T) {
	f, err := os.Open("testdata/decisions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	steps := published(t)
	seen := map[string]bool{}
	s := bufio.NewScanner(f)
	for s.Buffer(nil, 1<<20); s.Scan(); {
		var want struct {
			decision
			Text string `json:"text"`
		}
		if err := json.Unmarshal(s.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		if got := decide(t, steps, want.ID, want.Text); got != want.decision {
			t.Errorf("%q:\n got %+v\nwant %+v", want.Text, got, want.decision)
		}
		for _, rule := range []string{want.Quality, want.Repetition, "fineweb " + want.FineWeb, want.C4} {
			seen[rule] = true
		}
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	for filter, names := range rules {
		for ours, theirs := range names {
			if filter == fineWebName {
				theirs = "fineweb " + theirs
			}
			if !seen[theirs] && ours != "max_words" && ours != "empty" { // the one takes 100,000 words
				t.Errorf("no text is dropped by %s of %s", ours, filter)
			}
		}
	}
}
