package preference

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRealFiles reads the public sets whose directory POLYMATH_DATA names.
func TestRealFiles(t *testing.T) {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("POLYMATH_DATA is not set")
	}
	for _, want := range []struct {
		file           string
		objects, pairs int
		bad            int
	}{
		// Two pairs of HH part before the last turn.
		{"pref_hh/harmless-base/test.jsonl.gz", 1812, 1812, 0},
		{"it_open_instruct/preference_sample.jsonl", 100, 100, 0},
		{"it_llamafactory/dpo_en_demo.json", 300, 300, 0},
		{"it_llamafactory/v1_dpo_demo.jsonl", 10, 10, 0},
		// Answers without another to compare them with.
		{"it_llamafactory/kto_en_demo.json", 300, 0, 300},
		{"it_dolly_hh_small/dolly_hhrlhf_train_small.jsonl", 1000, 0, 1000},
	} {
		path := filepath.Join(dir, want.file)
		if _, err := os.Stat(path); err != nil {
			t.Logf("skipped: %v", err)
			continue
		}
		list, r, err := Read([]string{path}, true)
		if err != nil {
			t.Errorf("%s: %v", want.file, err)
			continue
		}
		pairs := 0
		for _, c := range list {
			pairs += len(c.Pairs)
		}
		t.Logf("%s: %d pairs, %+v", want.file, pairs, r)
		if r.Objects != want.objects || r.Bad != want.bad || pairs+r.Ties+r.Identical+r.Duplicates != want.pairs {
			t.Errorf("%s: %d pairs, %+v", want.file, pairs, r)
		}
		if want.pairs == 0 {
			continue
		}
		e := testEncoder()
		e.MaxTokens = 1 << 20
		s, err := Load([]string{path}, Options{Encoder: e, HeldOut: 0.2, SkipBad: true})
		if err != nil {
			t.Errorf("%s: %v", want.file, err)
			continue
		}
		for i := range s.Train {
			checkEncoded(t, &e, &s.Train[i])
		}
	}
}
