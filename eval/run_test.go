package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/task"
)

func encode(t *testing.T, f *Finished) string {
	t.Helper()
	var b bytes.Buffer
	if err := writeRecords(&b, f.Records); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSameBits: the records do not hang on the batch, the order or how many items are
// worked on at a time.
func TestSameBits(t *testing.T) {
	sheets := exam(9)
	want := ""
	for _, batch := range []int{1, 8, 64} {
		for seed := range uint64(2) {
			m := openRandom(t, polymath.WithMaxBatch(batch))
			o := Options{Grader: graders, Parallel: 2 * batch}
			if seed > 0 {
				o.arrange = func(units []unit) {
					rand.New(rand.NewPCG(seed, uint64(batch))).Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
				}
			}
			f, err := Run(t.Context(), Local(m, LocalOptions{Name: "random"}), sheets, o)
			if err != nil {
				t.Fatal(err)
			}
			got := encode(t, f)
			if want == "" {
				want = got
				checkRecords(t, f, sheets)
			}
			if got != want {
				t.Errorf("batches of %d, order %d: other records", batch, seed)
			}
		}
	}
}

// checkRecords looks for what each method must have left.
func checkRecords(t *testing.T, f *Finished, sheets []Sheet) {
	t.Helper()
	if len(f.Records) != 9*10 { // eight tasks, one with three samples
		t.Errorf("%d records", len(f.Records))
	}
	for _, r := range f.Records {
		if graded := r.Task == "write" || r.Task == "turns"; (r.Error != "") != (graded && r.Number == 3) {
			t.Errorf("%s %d: error %q", r.Task, r.Number, r.Error)
		}
		switch r.Task {
		case "choice":
			if len(r.Choices) != 3 || r.Confidence == nil || len(r.Scores) != 4 || !strings.HasPrefix(r.Prompt, "A stitch") {
				t.Errorf("%+v", r)
			}
		case "pair":
			if r.Number == 0 && (r.Verdict.Right || r.Verdict.Why == "") {
				t.Errorf("a tie is right: %+v", r.Verdict)
			}
		case "text":
			if r.NumBytes != len(r.Prompt) || r.NumTokens != len(r.Tokens) || r.Logprob >= 0 {
				t.Errorf("%d bytes, %d tokens, %v", r.NumBytes, r.NumTokens, r.Logprob)
			}
		case "explain":
			if len(r.Turns) != 1 || r.Answer == "" || !strings.HasSuffix(r.Prompt, letterPrompt) {
				t.Errorf("%+v", r)
			}
		case "turns":
			if r.Error == "" && (len(r.Turns) != 2 || r.Answer != "left" && r.Answer != "right") {
				t.Errorf("%+v", r)
			}
		}
	}
	for i := range f.Result.Tasks {
		task := &f.Result.Tasks[i]
		if task.NumItems != 9 || len(task.Metrics) == 0 || len(task.Sections) != 2 || task.Headline.Name != task.Metrics[0].Name {
			t.Errorf("%+v", task)
		}
	}
}

// TestUnconditional: the norm's texts are asked for once.
func TestUnconditional(t *testing.T) {
	calls := make(chan string, 1000)
	sheets := exam(6)[:1]
	for i := range sheets[0].Items {
		sheets[0].Items[i].Choices = []string{"yes", "no"}
		sheets[0].Items[i].Gold = 0
	}
	if _, err := Run(t.Context(), &fake{calls: calls}, sheets, Options{Parallel: 4}); err != nil {
		t.Fatal(err)
	}
	close(calls)
	plain := 0
	for c := range calls {
		if c == "Answer:" {
			plain++
		}
	}
	if plain != 2 {
		t.Errorf("the two choices were asked for %d times", plain)
	}
}

// TestResume: a run that is stopped again and again comes to the same records.
func TestResume(t *testing.T) {
	sheets := exam(9)
	whole, err := Run(t.Context(), &fake{}, sheets, Options{Grader: graders})
	if err != nil {
		t.Fatal(err)
	}
	want := encode(t, whole)
	dir := filepath.Join(t.TempDir(), "run")
	stops := 0
	for ; ; stops++ {
		ctx, cancel := context.WithCancel(t.Context())
		var n atomic.Int32
		f, err := Run(ctx, &fake{fails: func(string) error {
			if n.Add(1) == 40 {
				cancel()
			}
			return nil
		}}, sheets, Options{Grader: graders, Dir: dir, Parallel: 3})
		cancel()
		if err == nil {
			if got := encode(t, f); got != want {
				t.Error("other records")
			}
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := OpenRun(dir); err == nil || !strings.Contains(err.Error(), "not over") {
			t.Errorf("a run that is not over: %v", err)
		}
		tear(t, dir)
	}
	if stops < 3 {
		t.Errorf("stopped %d times only", stops)
	}
	saved, err := os.ReadFile(filepath.Join(dir, recordsFile))
	if err != nil || string(saved) != want {
		t.Errorf("the file has other records, %v", err)
	}
	if left, err := journalFiles(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestKilled: what a run that was killed at any moment has left, goes on to the same
// records.
func TestKilled(t *testing.T) {
	sheets := exam(9)
	whole, err := Run(t.Context(), &fake{}, sheets, Options{Grader: graders})
	if err != nil {
		t.Fatal(err)
	}
	want := encode(t, whole)
	dir, killed := filepath.Join(t.TempDir(), "run"), t.TempDir()
	var n atomic.Int32
	var copies []string
	_, err = Run(t.Context(), &fake{fails: func(string) error {
		if i := n.Add(1); i%60 == 1 {
			to := filepath.Join(killed, fmt.Sprint(i))
			copies = append(copies, to)
			return os.CopyFS(to, os.DirFS(dir))
		}
		if n.Load()%45 == 0 {
			time.Sleep(syncEvery / 3) // so that some of it is on the disk
		}
		return nil
	}}, sheets, Options{Grader: graders, Dir: dir, Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	some := false
	for _, c := range copies {
		entries, err := readJournals(c)
		if err != nil {
			t.Fatal(err)
		}
		some = some || len(entries) > 0
		f, err := Run(t.Context(), &fake{}, sheets, Options{Grader: graders, Dir: c})
		if err != nil || encode(t, f) != want {
			t.Errorf("%s, with %d entries: other records, %v", c, len(entries), err)
		}
	}
	if !some || len(copies) < 3 {
		t.Errorf("%d copies, none with answers", len(copies))
	}
}

// tear leaves half a line at the end of the last journal, as a crash does.
func tear(t *testing.T, dir string) {
	t.Helper()
	paths, err := journalFiles(dir)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%v, %v", paths, err)
	}
	f, err := os.OpenFile(paths[len(paths)-1], os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"record":{"task":"choice","item":"choi`)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestAgain: a finished run is not run again, but for what failed.
func TestAgain(t *testing.T) {
	sheets, dir := exam(4)[:1], t.TempDir()
	calls := make(chan string, 1000)
	subject := &fake{calls: calls, fails: func(prompt string) error {
		if strings.HasSuffix(prompt, sheets[0].Items[2].Prompt) {
			return errors.New("out of order")
		}
		return nil
	}}
	first, err := Run(t.Context(), subject, sheets, Options{Dir: dir})
	if err != nil || first.Result.Tasks[0].NumErrors != 1 || first.Result.Tasks[0].NumItems != 4 {
		t.Fatalf("%+v, %v", first, err)
	}
	before := len(calls)
	subject.fails = nil
	second, err := Run(t.Context(), subject, sheets, Options{Dir: dir})
	if err != nil || second.Result.Tasks[0].NumErrors != 0 {
		t.Fatalf("%+v, %v", second, err)
	}
	if n := len(calls) - before; n < 3 || n > 6 {
		t.Errorf("%d calls for one item", n)
	}
	if second, err = OpenRun(dir); err != nil {
		t.Fatal(err)
	}
	second.Result.Settings.Judge, second.Records[0].Error = "people", "not judged"
	if err := second.Save(); err != nil {
		t.Fatal(err)
	}
	if second, err = Run(t.Context(), subject, sheets, Options{Dir: dir}); err != nil || second.Result.Settings.Judge != "people" {
		t.Fatalf("%+v, %v", second, err)
	}
	before = len(calls)
	third, err := Run(t.Context(), subject, sheets, Options{Dir: dir})
	if err != nil || len(calls) != before || encode(t, third) != encode(t, second) || third.Result.Took != second.Result.Took {
		t.Errorf("a finished run was run again: %v", err)
	}
}

// TestLock: a second run in a directory is refused while the first works, and not after.
func TestLock(t *testing.T) {
	sheets, dir := exam(2)[:1], t.TempDir()
	var second error
	begin := func([]Progress) {
		_, second = Run(t.Context(), &fake{}, sheets, Options{Dir: dir, Fresh: true})
	}
	if _, err := Run(t.Context(), &fake{}, sheets, Options{Dir: dir, Begin: begin}); err != nil {
		t.Fatal(err)
	}
	if second == nil || !strings.Contains(second.Error(), dir+" is in use by another run") {
		t.Errorf("two runs in one directory: %v", second)
	}
	if _, err := Run(t.Context(), &fake{}, sheets, Options{Dir: dir}); err != nil {
		t.Errorf("after the first: %v", err)
	}
}

// TestUnavailable: a model that is gone ends the run, and one that cannot do a task
// does the others.
func TestUnavailable(t *testing.T) {
	sheets := exam(9)
	var n atomic.Int32
	_, err := Run(t.Context(), &fake{fails: func(string) error {
		n.Add(1)
		return ErrUnavailable
	}}, sheets, Options{Grader: graders, Parallel: 2})
	if !errors.Is(err, ErrUnavailable) || n.Load() > 3*giveUp {
		t.Errorf("after %d calls: %v", n.Load(), err)
	}
	if strings.Contains(err.Error(), "same command") {
		t.Errorf("nothing is kept: %v", err)
	}
	_, err = Run(t.Context(), &fake{fails: func(string) error { return ErrUnavailable }}, sheets, Options{Grader: graders, Dir: t.TempDir()})
	if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "items in a row failed") || !strings.Contains(err.Error(), "the same command goes on") {
		t.Errorf("what to do is not said: %v", err)
	}
	f, err := Run(t.Context(), mute{&fake{}}, sheets, Options{Grader: graders})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range f.Result.Tasks {
		if byLikelihood := r.Method != task.MethodGenerate && r.Method != task.MethodExplain; (r.Skipped != "") != byLikelihood || byLikelihood && r.NumItems > 0 {
			t.Errorf("%s: %q", r.Task, r.Skipped)
		}
	}
}

// TestEstimateUnsupported: what a subject cannot do is left out of what a run will take.
func TestEstimateUnsupported(t *testing.T) {
	costs, err := Estimate(t.Context(), mute{&fake{}}, exam(4), &Settings{})
	if err != nil {
		t.Fatal(err)
	}
	some := 0
	for _, c := range costs {
		if c.Skipped == "" {
			some++
		} else if c.Answers > 0 || !strings.Contains(c.Skipped, ErrUnsupported.Error()) {
			t.Errorf("%+v", c)
		}
	}
	if some == 0 || some == len(costs) {
		t.Errorf("%d of %d tasks can be run", some, len(costs))
	}
}

// mute gives no log-probabilities.
type mute struct{ *fake }

func (mute) Score(context.Context, string, string) (Score, error) { return Score{}, ErrUnsupported }

// TestEveryFailure makes the disk fail at each operation of a run in turn: the error
// says so, nothing that was kept is lost, and the same call comes to the same records.
func TestEveryFailure(t *testing.T) {
	sheets := exam(3)
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	run := func(dir string) (*Finished, error) {
		return Run(t.Context(), &fake{}, sheets, Options{Grader: graders, Dir: dir})
	}
	whole, err := run(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	want := encode(t, whole)
	log := disk.Log()
	if len(log) < 20 {
		t.Errorf("operations: %v", log)
	}
	for op, name := range log {
		dir := filepath.Join(t.TempDir(), "run")
		disk.FailOp(op, syscall.ENOSPC)
		if _, err := run(dir); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s (operation %d) failed: %v", name, op, err)
		}
		disk.Reset()
		f, err := run(dir)
		if err != nil {
			t.Errorf("after %s (operation %d): %v", name, op, err)
			continue
		}
		if encode(t, f) != want {
			t.Errorf("after %s (operation %d): other records", name, op)
		}
	}
}

// TestDamage: a record that was changed is noticed.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	if _, err := Run(t.Context(), &fake{}, exam(2)[:1], Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, recordsFile)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(data, []byte(`"right":false`), []byte(`"right":true `), 1), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRun(dir); err == nil || !strings.Contains(err.Error(), "it was changed") {
		t.Errorf("%v", err)
	}
	if _, err := Run(t.Context(), &fake{}, exam(2)[:1], Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "begin anew") {
		t.Errorf("%v", err)
	}
	if _, err := OpenRun(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not the directory of a run") {
		t.Errorf("%v", err)
	}
}

func FuzzJournal(f *testing.F) {
	line, err := json.Marshal(entry{Record: &Record{Task: "a", Item: "b"}, Took: time.Second})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(line, '\n'))
	f.Add(append(append(line, '\n'), line[:20]...))
	f.Add([]byte("{}\nnull\n[]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := parseJournal(data)
		if err == nil && len(entries) != bytes.Count(data, []byte("\n")) {
			t.Errorf("%d entries of %q", len(entries), data)
		}
		_, _ = parseRecords(data)
	})
}
