package eval

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOtherRun: a directory of another run is named, with what differs.
func TestOtherRun(t *testing.T) {
	sheets, dir := exam(2), t.TempDir()
	run := func(subject Subject, sheets []Sheet, o Options) error {
		o.Grader, o.Dir = graders, dir
		_, err := Run(t.Context(), subject, sheets, o)
		return err
	}
	if err := run(&fake{}, sheets, Options{}); err != nil {
		t.Fatal(err)
	}
	changed := exam(2)
	changed[1].Hash = "another"
	for want, err := range map[string]error{
		"the limit was 0 and is 5":                                  run(&fake{}, sheets, Options{Settings: Settings{Limit: 5}}),
		"the seed was 0 and is 7":                                   run(&fake{}, sheets, Options{Settings: Settings{Seed: 7}}),
		"task contexts has other items or another file":             run(&fake{}, changed, Options{}),
		"task turns is gone":                                        run(&fake{}, sheets[:7], Options{}),
		"the cache of keys and values was in full and is in 8 bits": run(&fake{}, sheets, Options{Settings: Settings{Int8: true}}),
		"the model was  and is other":                               run(&fake{info: SubjectInfo{Name: "other"}}, sheets, Options{}),
	} {
		if !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: %v", want, err)
		}
	}
	if err := run(&fake{}, changed, Options{Fresh: true}); err != nil {
		t.Error(err)
	}
	strange := t.TempDir()
	if err := os.WriteFile(filepath.Join(strange, "novel.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), &fake{}, sheets, Options{Dir: strange, Fresh: true}); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a directory that is no run's: %v", err)
	}
}

// TestAddress: models of one name and without a fingerprint are told apart by their
// addresses; a run of an earlier program, which has none, goes on.
func TestAddress(t *testing.T) {
	sheets, dir := exam(2)[:1], t.TempDir()
	run := func(address string) error {
		_, err := Run(t.Context(), &fake{info: SubjectInfo{Name: "m", Address: address}}, sheets, Options{Dir: dir})
		return err
	}
	for _, address := range []string{"", "http://a/v1"} {
		if err := run(address); err != nil {
			t.Fatal(err)
		}
	}
	dir = t.TempDir()
	if err := run("http://a/v1"); err != nil {
		t.Fatal(err)
	}
	if err := run("http://b/v1"); !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), "the address was http://a/v1 and is http://b/v1") {
		t.Errorf("%v", err)
	}
	if err := run("http://a/v1"); err != nil {
		t.Error(err)
	}
}

// TestInt8Run: a run with keys and values in 8 bits is another one with the same weights,
// also where an earlier program has said so in the model's name alone.
func TestInt8Run(t *testing.T) {
	const print = "0123"
	whole := key{Subject: "m", Print: print}
	named := key{Subject: "m, int8 cache", Print: print}
	told := key{Subject: "moved, int8 cache", Print: print, Settings: Settings{Int8: true}}
	for _, c := range []struct {
		was, is key
		other   bool
	}{
		{whole, whole, false},
		{named, told, false},
		{told, told, false},
		{whole, told, true},
		{named, whole, true},
		{told, whole, true},
	} {
		if list := c.was.differences(&c.is); len(list) > 0 != c.other {
			t.Errorf("%+v and %+v: %q", c.was, c.is, list)
		}
	}
}
