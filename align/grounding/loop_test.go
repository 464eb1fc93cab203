package grounding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
)

// literal supports what the text says word for word.
type literal struct{ err error }

func (l literal) Check(_ context.Context, source string, statements []string) ([]float64, error) {
	p := make([]float64, len(statements))
	for i, s := range statements {
		if strings.Contains(source, s) {
			p[i] = 1
		}
	}
	return p, l.err
}

const told = "Mara is a baker. Mara lives in Torv. Mara has a boat. Mara is 40."

// saying answers with one text after the other.
func saying(texts ...string) func(context.Context, []chat.Message, uint64) (string, error) {
	n := 0
	return func(context.Context, []chat.Message, uint64) (string, error) {
		n++
		return texts[n-1], nil
	}
}

func TestLoop(t *testing.T) {
	const right, more, wrong = "Mara is a baker. Mara lives in Torv.", " Mara is from Rome.", " Mara sings."
	for _, c := range []struct {
		name   string
		texts  []string
		untold bool
		want   Outcome
		rounds int
	}{
		{"nothing to mend", []string{right}, false, Grounded, 0},
		{"at once", []string{right + more, right}, false, Mended, 1},
		{"the second time", []string{right + more + wrong, right + more, right}, false, Mended, 2},
		{"never", []string{right + more, right + wrong, right + more, right + wrong}, false, Unmended, 3},
		{"the same again", []string{right + more, right + more}, false, Unchanged, 1},
		{"nothing", []string{""}, false, NoAnswer, 0},
		{"silence", []string{"I don't know."}, false, Grounded, 0},
		{"nothing left", []string{right + more, " "}, false, Emptied, 1},
		{"half of it left", []string{right + more, "Mara is a baker."}, false, Mended, 1},
		{"a quarter of it left", []string{told + more, "Mara is a baker."}, false, Lost, 1},
		{"says that it is not told", []string{more, "The text does not say it."}, false, Emptied, 1},
		{"and is right", []string{more, "The text does not say it."}, true, Mended, 1},
		{"not told, and nothing said", []string{more, ""}, true, Emptied, 1},
	} {
		l := &Loop{Answer: saying(c.texts...), Checker: literal{}, Rounds: 3, Keep: 0.5}
		r, err := l.Run(t.Context(), &Item{ID: "a", Source: told, Prompt: told + "\n\nWho is Mara?", Untold: c.untold})
		if err != nil || r.Outcome != c.want || r.Rounds != c.rounds {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
	}
}

// TestLoopAsks: a round shows the last answer and what is not supported in it, and no
// two rounds have one seed.
func TestLoopAsks(t *testing.T) {
	var talks [][]chat.Message
	seeds := map[uint64]bool{}
	texts := []string{"Mara is a baker. She is rich. She sings.", "Mara is a baker. She sings.", "Mara is a baker."}
	l := &Loop{Checker: literal{}, Rounds: 5, Seed: 3, Answer: func(_ context.Context, c []chat.Message, seed uint64) (string, error) {
		talks, seeds[seed] = append(talks, c), true
		return texts[len(talks)-1], nil
	}}
	r, err := l.Run(t.Context(), &Item{ID: "a", Source: told, Prompt: "Who?", System: "Be brief."})
	if err != nil || r.Outcome != Mended || r.Rounds != 2 || len(seeds) != 3 || !slices.Equal(r.Unsupported, []string{"She is rich.", "She sings."}) {
		t.Fatalf("%+v, %v, %d seeds", r, err, len(seeds))
	}
	var got []string
	for _, m := range talks[2] {
		got = append(got, string(m.Role)+": "+m.Content[0].Text)
	}
	want := []string{"system: Be brief.", "user: Who?", "assistant: " + texts[1], "user: " + RewriteTurn([]string{"She sings."})}
	if !slices.Equal(got, want) {
		t.Errorf("the second round asks %q", got)
	}
}

// TestLoopInAWorld: a value alone is a statement about what was asked.
func TestLoopInAWorld(t *testing.T) {
	const source = "Belmund works as a baker. He keeps a goose."
	item := &Item{ID: "a", Source: source, Prompt: source + "\n\nWhat is Belmund?", Subject: "Belmund", Attribute: "profession"}
	for answer, want := range map[string]Outcome{"A baker.": Grounded, "Belmund is a baker.": Grounded, "A judge.": Mended} {
		l := &Loop{Answer: saying(answer, "Belmund is a baker."), Checker: World(), Rounds: 1}
		if r, err := l.Run(t.Context(), item); err != nil || r.Outcome != want {
			t.Errorf("%q: %+v, %v", answer, r, err)
		}
	}
}

func TestLoopErrors(t *testing.T) {
	down := errors.New("down")
	item := &Item{ID: "a", Source: told, Prompt: "Who?"}
	l := &Loop{Answer: saying("Mara sings."), Checker: literal{down}, Rounds: 1}
	if _, err := l.Run(t.Context(), item); !errors.Is(err, down) {
		t.Errorf("a checker that fails: %v", err)
	}
	l = &Loop{Answer: saying("Mara sings."), Checker: literal{fmt.Errorf("%w: no JSON", ErrJudgment)}, Rounds: 1}
	if r, err := l.Run(t.Context(), item); err != nil || r.Outcome != Unreadable || r.Why == "" {
		t.Errorf("a judgment that cannot be read: %+v, %v", r, err)
	}
	l = &Loop{Checker: literal{}, Rounds: 1, Answer: func(context.Context, []chat.Message, uint64) (string, error) { return "", down }}
	if _, err := l.Run(t.Context(), item); !errors.Is(err, down) {
		t.Errorf("a model that fails: %v", err)
	}
}

// speaker makes things up, a function of what is asked alone; after so many answers
// it fails.
func speaker(calls *atomic.Int64, most int64) func(context.Context, []chat.Message, uint64) (string, error) {
	return func(_ context.Context, c []chat.Message, seed uint64) (string, error) {
		if calls.Add(1) > most {
			return "", errors.New("the power went")
		}
		if len(c) == 1 {
			return "Mara is a baker. Mara likes number " + fmt.Sprint(seed%10) + ". Mara sings.", nil
		}
		before := c[1].Content[0].Text
		return strings.TrimSpace(before[:strings.LastIndex(strings.TrimSuffix(before, "."), ".")+1]), nil
	}
}

func items(n int) (list []Item) {
	for i := range n {
		list = append(list, Item{ID: fmt.Sprint("q", i), Source: told, Prompt: fmt.Sprintf("%s\n\nQuestion %d", told, i)})
	}
	return list
}

// TestWrite: however many work at it and wherever it was interrupted, the file is the
// same, and no answer is asked for twice.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	list := items(40)
	run := func(name string, parallel int, most int64) (*Tally, int64, error) {
		var calls atomic.Int64
		l := &Loop{Answer: speaker(&calls, most), Checker: literal{}, Rounds: 5, Keep: 0.5, Seed: 9}
		tally, err := l.Write(t.Context(), filepath.Join(dir, name), list, Options{Key: "a model", Parallel: parallel})
		return tally, calls.Load(), err
	}
	tally, whole, err := run("one", 1, 1<<30)
	if err != nil || tally.Items != 40 || tally.Outcomes[Mended] != 40 || tally.Rounds[2] != 40 || tally.Statements != 120 || tally.Unsupported != 80 {
		t.Fatalf("%+v, %v", tally, err)
	}
	want := read(t, filepath.Join(dir, "one"))
	if _, _, err := run("eight", 8, 1<<30); err != nil || read(t, filepath.Join(dir, "eight")) != want {
		t.Errorf("another file with eight at a time, %v", err)
	}
	if _, _, err := run("cut", 4, 50); err == nil {
		t.Fatal("the failure is not told")
	}
	if _, err := os.Stat(filepath.Join(dir, "cut")); !os.IsNotExist(err) {
		t.Error("there is a file although not all was answered")
	}
	again, calls, err := run("cut", 4, 1<<30)
	if err != nil || read(t, filepath.Join(dir, "cut")) != want || calls > whole-40 || fmt.Sprint(*again) != fmt.Sprint(*tally) {
		t.Errorf("after an interruption: %d of %d answers, %+v, %v", calls, whole, again, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); left != nil {
		t.Errorf("left over: %v", left)
	}
	for i, line := range strings.Split(strings.TrimSpace(want), "\n") {
		var p struct {
			Prompt, Chosen, Rejected []struct{ Role, Content string }
			Group, ID                string
			Rounds                   int
			Unsupported              []string
		}
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		if p.ID != list[i].ID || p.Prompt[0].Content != list[i].Prompt || p.Chosen[0].Content != "Mara is a baker." || p.Chosen[0].Role != "assistant" ||
			!strings.HasSuffix(p.Rejected[0].Content, "Mara sings.") || p.Rounds != 2 || len(p.Unsupported) != 2 || p.Group == "" {
			t.Fatalf("line %d: %s", i+1, line)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestWriteRefuses: results of other settings are not mixed in, and mistakes are named.
func TestWriteRefuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.jsonl")
	var calls atomic.Int64
	l := &Loop{Answer: speaker(&calls, 5), Checker: literal{}, Rounds: 5}
	o := Options{Key: "a model", Parallel: 1}
	if _, err := l.Write(t.Context(), out, items(10), o); err == nil {
		t.Fatal("the failure is not told")
	}
	other := *l
	other.Seed = 1
	for _, err := range []error{
		second(other.Write(t.Context(), out, items(10), o)),
		second(l.Write(t.Context(), out, items(11), o)),
		second(l.Write(t.Context(), out, items(10), Options{Key: "another", Parallel: 1})),
	} {
		if err == nil || !strings.Contains(err.Error(), out+".part") {
			t.Errorf("other settings: %v", err)
		}
	}
	twice := append(items(2), items(1)...)
	for _, err := range []error{
		second(l.Write(t.Context(), out, nil, o)), second(l.Write(t.Context(), out, twice, o)),
		second(l.Write(t.Context(), out, items(1), Options{})),
		second((&Loop{Rounds: 0}).Write(t.Context(), out, items(1), o)),
		second((&Loop{Rounds: 1, Keep: 2}).Write(t.Context(), out, items(1), o)),
	} {
		if err == nil {
			t.Error("a mistake was taken")
		}
	}
}

func second(_ *Tally, err error) error { return err }

// TestWriteOnABadDisk: whatever fails, the same call makes the same file afterwards.
func TestWriteOnABadDisk(t *testing.T) {
	dir := t.TempDir()
	list := items(6)
	write := func(name string) error {
		var calls atomic.Int64
		l := &Loop{Answer: speaker(&calls, 1<<30), Checker: literal{}, Rounds: 5}
		_, err := l.Write(t.Context(), filepath.Join(dir, name), list, Options{Parallel: 1})
		return err
	}
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	if err := write("good"); err != nil {
		t.Fatal(err)
	}
	want, ops := read(t, filepath.Join(dir, "good")), disk.Ops()
	for op := range ops {
		name := fmt.Sprint("bad", op)
		disk.FailOp(op, syscall.ENOSPC)
		if err := write(name); err == nil && disk.Path(op) != "" && !strings.Contains(disk.Log()[op], "close") {
			t.Errorf("operation %d, %s, failed, and nothing was said", op, disk.Log()[op])
		}
		disk.Reset()
		if err := write(name); err != nil || read(t, filepath.Join(dir, name)) != want {
			t.Errorf("after operation %d: %v", op, err)
		}
	}
}

func FuzzParseJournal(f *testing.F) {
	f.Add([]byte(`{"id":"a","outcome":"mended","rounds":1,"answer":"x","supported":1,"kept":1}` + "\n" + `{"id":"b","out`))
	f.Add([]byte("\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := parseJournal(data)
		if err != nil {
			return
		}
		for i := range list {
			if !slices.Contains(Outcomes, list[i].Outcome) {
				t.Fatalf("%+v", list[i])
			}
		}
	})
}
