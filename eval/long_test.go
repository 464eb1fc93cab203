package eval

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath"
	"github.com/polymath-lm/polymath/chat"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/task"
)

// TestLocate: rows say length and depth as a generator or a file has them.
func TestLocate(t *testing.T) {
	half := 0.5
	for _, c := range []struct {
		row    task.Row
		length int
		depth  *float64
	}{
		{nil, 0, nil},
		{task.Row{"length": 4096, "depth": 0.5}, 4096, &half},
		{task.Row{"length": json.Number("4096"), "depth": json.Number("0.5")}, 4096, &half},
		{task.Row{"length": 4096.0}, 4096, nil},
		{task.Row{"depth": 0.5}, 0, nil}, // a depth of something else
		{task.Row{"length": 4096, "depth": 1.5}, 4096, nil},
		{task.Row{"length": "4 m", "depth": 0.5}, 0, nil},
		{task.Row{"length": math.NaN()}, 0, nil},
		{task.Row{"length": 1e300}, 0, nil},
		{task.Row{"length": -5}, 0, nil},
	} {
		var r Record
		r.locate(c.row)
		if r.Length != c.length || !cmp.Equal(r.Depth, c.depth) {
			t.Errorf("%v: %d, %v", c.row, r.Length, r.Depth)
		}
	}
}

// longSheet asks for a word after prompts of so many tokens.
func longSheet(t *testing.T, m *polymath.Model, lengths ...int) Sheet {
	t.Helper()
	sheet := Sheet{Hash: "long", Task: &task.Task{
		Name: "long", Method: task.MethodGenerate, Grader: &task.Grading{Exact: &task.Exact{}}, Generate: task.Generate{MaxTokens: 16},
	}}
	text := strings.Repeat(proverbs, 40)
	for i, n := range lengths {
		prompt, err := m.Detokenize(m.Tokenize(text, false)[:n])
		if err != nil || len(m.Tokenize(prompt, false)) != n {
			t.Fatalf("%d tokens: %v", n, err)
		}
		id := string(rune('a' + i))
		sheet.Items = append(sheet.Items, task.Item{
			Task: "long", ID: id, Number: i, Cluster: id, Prompt: prompt, Answers: []string{"x"}, Row: task.Row{"length": n, "depth": 0.25},
		})
	}
	return sheet
}

// TestUnfit: what fits the window to the last token is answered; one token more is not
// cut but counted apart, with the numbers, as a text and as a conversation.
func TestUnfit(t *testing.T) {
	m := openRandom(t) // a window of 256 tokens
	begin := len(m.Tokenize("", false))
	sheet := longSheet(t, m, 100, 256-16-begin, 257-16-begin, 600)
	f, err := Run(t.Context(), Local(m, LocalOptions{}), []Sheet{sheet}, Options{Grader: graders})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []*Unfit{nil, nil, {241, 16, 256}, {600 + begin, 16, 256}} {
		r := &f.Records[i]
		if !cmp.Equal(r.Unfit, want) || r.Cut != 0 || (r.Error == "") != (i != 3) && want == nil {
			t.Errorf("item %d: %+v, %q", i, r.Unfit, r.Error)
		}
		if want == nil && r.PromptTokens != r.Length+begin {
			t.Errorf("item %d: %d tokens were read", i, r.PromptTokens)
		}
	}
	result := &f.Result.Tasks[0]
	if result.NumItems != 4 || result.NumUnfit != 2 || result.NumErrors != 0 || result.NumCut != 0 || result.Headline.Estimate.N != 2 {
		t.Errorf("%+v", result)
	}
	if n := len(result.Lengths); n != 4 || result.Lengths[3].NumUnfit != 1 || result.Lengths[3].Score.N != 0 || result.Lengths[0].Depths[2].N != 1 {
		t.Errorf("%+v", result.Lengths)
	}
	c, err := Local(m, LocalOptions{}).Generate(t.Context(), Request{
		Conversation: chat.Conversation{Messages: []chat.Message{chat.Text(chat.User, sheet.Items[3].Prompt)}}, MaxTokens: 16, Whole: true,
	})
	if w := new(WindowError); !errors.As(err, &w) || w.Window != 256 || w.Prompt < 600 || w.Completion != 16 || !errors.Is(err, ErrWindow) {
		t.Errorf("a conversation: %+v, %v", c, err)
	}
	if _, err := json.Marshal(f.Result); err != nil {
		t.Error(err)
	}
}

// TestUnfitChoice: choices after a text that would be cut are not compared.
func TestUnfitChoice(t *testing.T) {
	m := openRandom(t)
	sheet := longSheet(t, m, 100, 600)
	sheet.Task = &task.Task{Name: "long", Method: task.MethodChoice, Choice: task.Choice{Unconditional: "Answer:"}}
	for i := range sheet.Items {
		sheet.Items[i].Choices, sheet.Items[i].Before = []string{"one", "two"}, " "
	}
	f, err := Run(t.Context(), Local(m, LocalOptions{}), []Sheet{sheet}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Records[0].Unfit != nil || len(f.Records[0].Choices) != 2 || f.Records[1].Unfit == nil || f.Records[1].Unfit.Prompt < 600 {
		t.Errorf("%+v, %+v", f.Records[0].Unfit, f.Records[1].Unfit)
	}
}

// TestReading: who asks is told how long prompts are read, to the end, and the answer is
// the same as when nobody does.
func TestReading(t *testing.T) {
	sheet := longSheet(t, openRandom(t), 100, 200)
	run := func(o Options) *Finished {
		o.Grader, o.Parallel = graders, 1
		f, err := Run(t.Context(), Local(openRandom(t, polymath.WithPrefillChunk(32)), LocalOptions{}), []Sheet{sheet}, o)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	var mu sync.Mutex
	last, over := map[string]Reading{}, 0
	told := run(Options{Reading: func(r Reading) {
		mu.Lock()
		defer mu.Unlock()
		if r.Total == 0 {
			over++
			return
		}
		if before := last[r.Item]; r.Read < before.Read || r.Task != "long" {
			t.Errorf("%+v after %+v", r, before)
		}
		last[r.Item] = r
	}})
	for _, r := range last {
		if r.Read != r.Total || r.Total < 100 {
			t.Errorf("%+v", r)
		}
	}
	if len(last) != 2 || over != 2 {
		t.Errorf("%+v, %d over", last, over)
	}
	if diff := cmp.Diff(run(Options{}).Records, told.Records); diff != "" {
		t.Error(diff)
	}
}

// TestShortened: records have both ends of a long prompt.
func TestShortened(t *testing.T) {
	if s := strings.Repeat("ä", longPrompt/2); shortened(s) != s {
		t.Error("a prompt that is not long was shortened")
	}
	s := shortened("begin" + strings.Repeat("ä", longPrompt) + "end")
	if !strings.HasPrefix(s, "begin") || !strings.HasSuffix(s, "end") || len(s) > 2*shownEnds+100 || !strings.Contains(s, " bytes are left out here]") {
		t.Errorf("%d bytes: %.20q", len(s), s)
	}
	if strings.ContainsRune(s, '\ufffd') || !strings.Contains(s, "ä") {
		t.Error("a character was cut")
	}
}

// located are records of items of a length, right in as many of n as the depths say.
func located(length, n int, right [NumDepths]int) (list []Record) {
	for tenths, r := range right {
		for i := range n {
			depth := float64(tenths)/NumDepths + float64(i)/float64(10*n)
			id := string(rune('a'+tenths)) + string(rune('a'+i))
			record := Record{Task: "t", Item: id, Cluster: id, Number: len(list), Length: length, Depth: &depth}
			record.Verdict = task.Verdict{Right: i < r}
			list = append(list, record)
		}
	}
	return list
}

// TestGrid: scores by length and depth are those of the items there, with Wilson's
// interval.
func TestGrid(t *testing.T) {
	short := located(1024, 5, [NumDepths]int{5, 5, 5, 5, 5, 5, 5, 5, 5, 5})
	long := located(8192, 5, [NumDepths]int{5, 4, 3, 2, 1, 0, 5, 5, 5, 5})
	for i := range long {
		long[i].Item, long[i].Number, long[i].Cluster = "8"+long[i].Item, 50+i, "8"+long[i].Cluster
	}
	r := &Result{Tasks: []TaskResult{{Task: "t", Method: task.MethodGenerate}}}
	Summarize(r, append(short, long...))
	l := r.Tasks[0].Lengths
	if len(l) != 2 || l[0].Length != 1024 || l[1].Length != 8192 || l[0].Score.Value != 1 || l[1].Score.Value != 0.7 || l[1].Score.N != 50 {
		t.Fatalf("%+v", l)
	}
	for tenths, want := range []float64{1, 0.8, 0.6, 0.4, 0.2, 0, 1, 1, 1, 1} {
		if e := l[1].Depths[tenths]; e.Value != want || e.N != 5 || e.Interval != "wilson" {
			t.Errorf("tenth %d: %+v", tenths, e)
		}
	}
	// Wilson 1927, five of five: 1/(1+z²/5).
	if e, z := l[1].Depths[0], 1.959963984540054; math.Abs(e.Low-1/(1+z*z/5)) > 1e-12 || e.High != 1 {
		t.Errorf("%+v", e)
	}
	nine := 0.9 // no constant: one less that is a little less than 0.1
	for depth, want := range map[float64]int{0: 0, 0.0999: 0, 0.3: 3, 1 - nine: 1, 0.7: 7, 0.99: 9, 1: 9} {
		if got := tenth(depth); got != want {
			t.Errorf("a depth of %v is in part %d, want %d", depth, got, want)
		}
	}
}

// TestManyLengths: lengths that all differ are put to the nearest power of two.
func TestManyLengths(t *testing.T) {
	var list []answers
	for n := 900; n < 1100; n += 10 {
		list = append(list, answers{{Length: n}}, answers{{Length: 2 * n}})
	}
	g := groupLengths(append(list, answers{{}}))
	if len(g) != 2 || g[0].length != 1024 || g[1].length != 2048 || len(g[0].members) != 20 {
		t.Errorf("%+v", g)
	}
}

// TestCompareLengths: differences by length are of the items of that length.
func TestCompareLengths(t *testing.T) {
	finished := func(name string, right [NumDepths]int) *Finished {
		f := &Finished{Result: &Result{Subject: SubjectInfo{Name: name}, Tasks: []TaskResult{{Task: "t", Method: task.MethodGenerate, TaskHash: "h"}}}}
		f.Records = located(1024, 8, right)
		for i := range f.Records {
			if i%2 == 1 {
				f.Records[i].Length = 4096
			}
		}
		Summarize(f.Result, f.Records)
		return f
	}
	a := finished("a", [NumDepths]int{8, 8, 8, 8, 8, 8, 8, 8, 8, 8})
	b := finished("b", [NumDepths]int{4, 4, 4, 4, 4, 4, 4, 4, 4, 4})
	b.Records[79].Unfit, b.Records[78].Unfit = &Unfit{}, &Unfit{}
	c, err := Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	task := &c.Tasks[0]
	if task.N != 78 || task.Unfit != 2 || len(task.Lengths) != 2 {
		t.Fatalf("%+v", task)
	}
	// Of each length 39 pairs; 19 wrong in b alone.
	want := stat.Paired(ones(39), append(make([]float64, 19), ones(20)...), nil)
	for i, l := range task.Lengths {
		if l.N != 39 || l.A.Value != 1 || l.Difference.Value != want.Value || l.Difference.Low != want.Low || l.P != want.P || l.Holm != min(1, 2*l.P) {
			t.Errorf("%d: %+v, want %+v", i, l, want)
		}
	}
}

func ones(n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = 1
	}
	return list
}

// TestFewUnits: an estimate tries short items, and one at least.
func TestFewUnits(t *testing.T) {
	sheet := &Sheet{Task: &task.Task{Name: "t"}}
	for _, size := range []int{900_000, 100_000, 200_000, 100_000, 10} {
		sheet.Items = append(sheet.Items, task.Item{Prompt: strings.Repeat("x", size)})
	}
	units := []unit{{item: 0}, {item: 1}, {item: 2}, {item: 3}, {item: 4}}
	if few := fewUnits(sheet, units); !cmp.Equal(few, []unit{{item: 1}, {item: 3}, {item: 4}}, cmp.AllowUnexported(unit{})) {
		t.Errorf("%v", few)
	}
	if few := fewUnits(sheet, units[:1]); len(few) != 1 {
		t.Errorf("%v", few)
	}
	sheet.Items[2].Prompt += strings.Repeat("x", sampleBytes)
	if few := fewUnits(sheet, []unit{{item: 0}, {item: 2}}); len(few) != 1 || few[0].item != 2 {
		t.Errorf("%v", few)
	}
	if few := fewUnits(sheet, nil); len(few) != 0 {
		t.Errorf("%v", few)
	}
}

// TestLittleMemory: with room for two windows no more items are worked on at a time, none
// is read twice, and the answers are the same.
func TestLittleMemory(t *testing.T) {
	run := func(options ...polymath.Option) ([]Record, uint64) {
		m := openRandom(t, options...)
		sheet := longSheet(t, m, 200, 201, 202, 203, 204, 205, 206, 207)
		for i := range sheet.Items { // no beginning in common
			sheet.Items[i].Prompt = string(rune('a'+i)) + sheet.Items[i].Prompt
		}
		f, err := Run(t.Context(), Local(m, LocalOptions{}), []Sheet{sheet}, Options{Grader: graders, Parallel: 8})
		if err != nil {
			t.Fatal(err)
		}
		return f.Records, m.Stats().Preemptions
	}
	want, _ := run()
	window := 256 * openRandom(t).Info().CacheBytesPerToken
	got, preempted := run(polymath.WithCacheBytes(2 * window))
	if diff := cmp.Diff(want, got); diff != "" || preempted != 0 {
		t.Errorf("%d preempted: %s", preempted, diff)
	}
}
