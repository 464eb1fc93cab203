package align

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestJudgments: each question is asked once, by whoever comes first, also after the
// file was read again and its last line was torn off; errors are not kept.
func TestJudgments(t *testing.T) {
	path := filepath.Join(t.TempDir(), judgmentsFile)
	open := func() *judgments {
		j, err := readJudgments(path)
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	j, asked := open(), atomic.Int64{}
	fresh := func(text string) func() (string, error) {
		return func() (string, error) { asked.Add(1); return text, nil }
	}
	a, b, c := judgmentKey("who", "a", "s"), judgmentKey("who", "b", "s"), judgmentKey("who", "c", "s")
	if text, err := j.ask(t.Context(), a, fresh("early")); err != nil || text != "early" {
		t.Fatal(text, err)
	}
	if err := j.keep(); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			if text, err := j.ask(t.Context(), b, fresh("line\n\"two\"")); err != nil || text != "line\n\"two\"" {
				t.Error(text, err)
			}
		})
	}
	wait.Wait()
	if _, err := j.ask(t.Context(), c, func() (string, error) { return "", errors.New("away") }); err == nil {
		t.Error("no error")
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(text) {
		if err := os.WriteFile(path, text[:cut], 0o666); err != nil {
			t.Fatal(err)
		}
		j, whole := open(), strings.Count(string(text[:cut]), "\n")
		if len(j.all) != whole {
			t.Errorf("cut at %d: %d judgments and not %d", cut, len(j.all), whole)
		}
		if err := j.keep(); err != nil {
			t.Fatal(err)
		}
		for _, one := range []struct{ key, text string }{{a, "early"}, {b, "line\n\"two\""}} {
			if got, err := j.ask(t.Context(), one.key, fresh(one.text)); err != nil || got != one.text {
				t.Errorf("cut at %d: %q, %v", cut, got, err)
			}
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(path); err != nil || string(again) != string(text) {
			t.Fatalf("cut at %d: the file is then %q, %v", cut, again, err)
		}
	}
	if judgmentKey("a", "b", "c") == judgmentKey("a", "bc", "") {
		t.Error("two questions have one key")
	}
	for _, bad := range []string{"x\n", "{}\n", `{"key": "` + a + `", "said": "x", "more": 1}` + "\n", `{"key": "` + a + `", "said": "x"} {}` + "\n"} {
		if err := os.WriteFile(path, []byte(bad), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := readJudgments(path); err == nil || !strings.Contains(err.Error(), judgmentsFile+":1:") {
			t.Errorf("%q: error %v", bad, err)
		}
	}
}

func FuzzJudgments(f *testing.F) {
	f.Add([]byte(`{"key": "` + judgmentKey("a", "b", "c") + `", "said": "x"}` + "\n"))
	f.Add([]byte("{\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		j := &judgments{all: map[string]*judgment{}}
		if err := j.parse(text); err == nil && j.size > int64(len(text)) {
			t.Errorf("%d bytes of %d", j.size, len(text))
		}
	})
}

// TestHearing: what no judgment came of is forgotten, and asked again; else it is kept.
func TestHearing(t *testing.T) {
	path := filepath.Join(t.TempDir(), judgmentsFile)
	j, err := readJudgments(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.keep(); err != nil {
		t.Fatal(err)
	}
	defer j.close()
	key, asked := judgmentKey("who", "a", "s"), 0
	hear := func(fails error) error {
		return j.hear(t.Context(), func(ctx context.Context) error {
			if _, err := j.ask(ctx, key, func() (string, error) { asked++; return "said", nil }); err != nil {
				t.Error(err)
			}
			return fails
		})
	}
	unreadable := errors.New("nobody can read that")
	for i, fails := range []error{unreadable, unreadable, nil, unreadable, nil} {
		if err := hear(fails); !errors.Is(err, fails) {
			t.Errorf("hearing %d: %v", i, err)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times and not 3: a judgment that was kept is not asked for again", asked)
	}
	again, err := readJudgments(path)
	if err != nil || len(again.all) != 1 {
		t.Errorf("%d judgments in the file, %v", len(again.all), err)
	}
}

// TestJudgmentsOfAnother: lines that came to the file after it was read stay.
func TestJudgmentsOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), judgmentsFile)
	late, err := readJudgments(path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := readJudgments(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.keep(); err != nil {
		t.Fatal(err)
	}
	key := judgmentKey("who", "a", "s")
	if _, err := first.ask(t.Context(), key, func() (string, error) { return "first", nil }); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(first.close(), late.keep()); err != nil {
		t.Fatal(err)
	}
	defer late.close()
	text, err := late.ask(t.Context(), key, func() (string, error) { return "second", nil })
	if err != nil || text != "first" {
		t.Errorf("%q, %v", text, err)
	}
}
