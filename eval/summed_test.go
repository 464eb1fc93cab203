package eval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/polymath-lm/polymath/internal/energy"
)

// caching is a subject that has read three tokens of every prompt before.
type caching struct{ *fake }

func (c caching) Score(ctx context.Context, prompt, continuation string) (Score, error) {
	score, err := c.fake.Score(ctx, prompt, continuation)
	score.CachedTokens = 3
	return score, err
}

// newCaching is such a subject with a meter that shows a joule more for each question.
func newCaching(t *testing.T, fails func(asked int, prompt string) error) (caching, *energy.Meter) {
	t.Helper()
	dir := t.TempDir()
	zone := filepath.Join(dir, "intel-rapl:0")
	write := func(name, text string) error { return os.WriteFile(filepath.Join(zone, name), []byte(text), 0o666) }
	if err := errors.Join(os.Mkdir(zone, 0o777), write("name", "package-0"), write("max_energy_range_uj", "1000000000"), write("energy_uj", "0")); err != nil {
		t.Fatal(err)
	}
	asked := 0
	return caching{&fake{fails: func(prompt string) error {
		asked++
		return errors.Join(write("energy_uj", fmt.Sprint(1_000_000*asked)), fails(asked, prompt))
	}}}, energy.OpenDir(dir)
}

// startsOf makes a run in four starts: one in which an item fails, one that is stopped,
// one that ends the run, and one with nothing left to do. After those that end, crash
// leaves the journals beside the results. It returns the results of the last two.
func startsOf(t *testing.T, crash bool) (third, last *Result) {
	t.Helper()
	sheets, dir := exam(6)[:1], filepath.Join(t.TempDir(), "run")
	start := func(ctx context.Context, fails func(asked int, prompt string) error) (*Finished, error) {
		subject, meter := newCaching(t, fails)
		journals := map[string][]byte{}
		f, err := Run(ctx, subject, sheets, Options{Dir: dir, Parallel: 1, Meter: meter, Finish: func(*Finished) error {
			paths, err := journalFiles(dir)
			for _, path := range paths {
				data, failed := os.ReadFile(path)
				journals[path], err = data, errors.Join(err, failed)
			}
			return err
		}})
		for path, data := range journals {
			if crash {
				err = errors.Join(err, os.WriteFile(path, data, 0o666))
			}
		}
		return f, err
	}
	again := 0
	well := func(_ int, prompt string) error {
		if strings.HasSuffix(prompt, sheets[0].Items[2].Prompt) {
			again++
		}
		return nil
	}
	f, err := start(t.Context(), func(_ int, prompt string) error {
		if strings.HasSuffix(prompt, sheets[0].Items[2].Prompt) || strings.HasSuffix(prompt, sheets[0].Items[4].Prompt) {
			return errors.New("out of order")
		}
		return nil
	})
	if err != nil || f.Result.Tasks[0].NumErrors != 2 {
		t.Fatalf("%+v, %v", f, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if _, err := start(ctx, func(asked int, _ string) error {
		if asked == 8 {
			stop()
		}
		return nil
	}); !errors.Is(err, context.Canceled) {
		t.Fatalf("not stopped: %v", err)
	}
	entries, err := readJournals(dir)
	if err != nil || len(entries) < 2 || entries[0].Cached == 0 {
		t.Fatalf("the second start left %+v, %v", entries, err)
	}
	var results [2]*Result
	for i := range results {
		if f, err = start(t.Context(), well); err != nil || f.Result.Tasks[0].NumErrors != 0 {
			t.Fatalf("%+v, %v", f, err)
		}
		results[i] = f.Result
	}
	if again > 0 {
		t.Errorf("the item of the start that was stopped was asked %d times again", again)
	}
	if left, err := journalFiles(dir); !crash && (err != nil || len(left) > 0) {
		t.Errorf("left: %v, %v", left, err)
	}
	return results[0], results[1]
}

// TestSummedOnce: journals that a crash left beside the results that they are in do not
// count again, and those of later starts count.
func TestSummedOnce(t *testing.T) {
	want, _ := startsOf(t, false)
	third, last := startsOf(t, true)
	if want.CachedTokens == 0 || want.Energy == nil || want.Energy.Joules == 0 || want.Took == 0 {
		t.Fatalf("nothing is measured: %+v", want)
	}
	for i, r := range []*Result{third, last} {
		if r.CachedTokens != want.CachedTokens || *r.Energy != *want.Energy {
			t.Errorf("start %d: %d cached tokens and %+v, want %d and %+v", i+3, r.CachedTokens, r.Energy, want.CachedTokens, want.Energy)
		}
	}
	if last.Took != third.Took || third.Took > time.Minute {
		t.Errorf("it took %v, and then %v", third.Took, last.Took)
	}
}

// TestTidied: where a crash came behind the results, the next start gives the records
// their name and removes the journals.
func TestTidied(t *testing.T) {
	sheets, dir := exam(3)[:1], filepath.Join(t.TempDir(), "run")
	whole, err := Run(t.Context(), &fake{}, sheets, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	records := filepath.Join(dir, recordsFile)
	if err := errors.Join(os.Rename(records, filepath.Join(dir, nextFile)), os.WriteFile(filepath.Join(dir, "journal-1.jsonl"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), &fake{}, sheets, Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if saved, err := os.ReadFile(records); err != nil || string(saved) != encode(t, whole) {
		t.Errorf("other records, %v", err)
	}
	if left, err := journalFiles(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
