package align

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/align/preference"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/train"
)

// tastes writes pairs of which the better answer has letters and the worse digits, as
// many of them the longer as the shorter.
func tastes(t testing.TB, n int) string {
	t.Helper()
	var b strings.Builder
	letters, digits := []string{"a", "b c", "d e a"}, []string{"0", "1 2", "3 4 0"}
	for i := range n {
		fmt.Fprintf(&b, `{"prompt": "%d: say a letter", "chosen": %q, "rejected": %q}`+"\n", i, letters[i%3], digits[i/3%3])
	}
	return writeText(t, "tastes.jsonl", b.String())
}

// rankedTastes writes rankings of three answers: letters, then nothing, then digits.
func rankedTastes(t testing.TB, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"prompt": "%d: say a letter", "answers": ["%d", "%c", ""], "ranking": [1, 2, 0]}`+"\n", i, i%5, 'a'+i%5)
	}
	return writeText(t, "ranked.jsonl", b.String())
}

func writeText(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// pairsRecipe is of a run of seconds that learns from files.
func pairsRecipe(method, dir string, lora bool, files ...string) *Recipe {
	r := DefaultRecipe(method, lora)
	r.Name, r.Seed, r.Model, r.Steps = "tastes", 3, dir, 12
	r.Preferences.Files, r.Preferences.HeldOut = files, 0.3
	r.Batch = BatchSpec{Pairs: 8, Rows: 4, Sequence: 64}
	r.Optimizer.LR = 3e-3
	r.Schedule = train.ScheduleSpec{Kind: train.Constant}
	r.Eval, r.Checkpoint = EvalSpec{Every: 4}, train.CheckpointSpec{Every: 3, Keep: 2}
	if lora {
		r.Lora.Rank, r.Lora.Alpha, r.Optimizer.LR = 8, 32, 1e-2
	}
	return r
}

// runPairs runs a recipe to its end and returns what it recorded.
func runPairs(t testing.TB, ctx context.Context, r *Recipe, o Options) (Result, []Record) {
	t.Helper()
	if o.RunDir == "" {
		o.RunDir = t.TempDir()
	}
	run, err := New(ctx, r, o)
	if err != nil {
		t.Fatal(err)
	}
	result, err := run.Run(ctx)
	if err := errors.Join(err, run.Close()); err != nil {
		t.Fatal(err)
	}
	records, err := ReadMetrics(o.RunDir)
	if err != nil {
		t.Fatal(err)
	}
	return result, records
}

// planned are the comparisons of a run that was planned, and the run.
func planned(t testing.TB, r *Recipe) (*Run, *comparisons) {
	t.Helper()
	run, err := New(t.Context(), r, Options{RunDir: t.TempDir(), NoSave: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { run.Close() })
	switch m := run.method.(type) {
	case *rewardLearner:
		return run, m.comparisons
	case *dpo:
		return run, m.comparisons
	}
	t.Fatal("it learns from something else")
	return nil, nil
}

// TestBundles: a microbatch has whole comparisons, and as targets the learned tokens
// of their answers alone.
func TestBundles(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, dense), false, tastes(t, 40), writeText(t, "turns.jsonl",
		`{"prompt": "x", "chosen": [{"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}], "rejected": "d"}`))
	r.Preferences.HeldOut = 0
	run, c := planned(t, r)
	list := pointers(c.train)
	var seen []*comparison
	for _, b := range bundles(list, run.tokens()) {
		if len(b.batch.Tokens) > run.tokens() || len(b.batch.Spans) != len(b.ends) {
			t.Errorf("%d tokens, %d spans of %d answers", len(b.batch.Tokens), len(b.batch.Spans), len(b.ends))
		}
		seen = append(seen, b.list...)
		k, counted := 0, 0
		for _, c := range b.list {
			for _, s := range c.Answers {
				span := b.batch.Spans[k]
				if !slices.Equal(b.batch.Tokens[span.Start:][:span.Len], s.Tokens) || int(b.ends[k]) != span.Start+span.Len-1 {
					t.Errorf("answer %d is at another place", k)
				}
				for i, target := range b.targets[span.Start:][:span.Len] {
					want := int32(-1)
					if next := i + 1; next < span.Len && next >= s.Start && s.Learned[next-s.Start] {
						want = s.Tokens[next]
						counted++
					}
					if target != want {
						t.Errorf("answer %d: token %d has the target %d, want %d", k, i, target, want)
					}
				}
				if n := c.learned()[k%2]; n != b.learned(k) {
					t.Errorf("answer %d has %d learned tokens, and %d", k, n, b.learned(k))
				}
				k++
			}
		}
		if counted != b.counted {
			t.Errorf("%d targets, counted %d", counted, b.counted)
		}
	}
	if !slices.Equal(seen, list) {
		t.Errorf("%d comparisons of %d are in microbatches", len(seen), len(list))
	}
}

// TestPick: an epoch has each comparison once, and a step is a function of its number.
func TestPick(t *testing.T) {
	r := pairsRecipe(DPO, smallModel(t, dense), false, tastes(t, 40))
	r.Steps, r.Epochs = 0, 1.5
	run, c := planned(t, r)
	if want := int(math.Ceil(1.5 * float64(len(c.train)) / 8)); run.plan.Steps != want || run.plan.Items != len(c.train) || run.plan.HeldOut != len(c.held) || len(c.train)+len(c.held) != 40 {
		t.Errorf("%+v, want %d steps", run.plan, want)
	}
	if run.plan.Data == nil || run.plan.Data.Pairs != 40 {
		t.Errorf("data %+v", run.plan.Data)
	}
	count := map[*comparison]int{}
	for n := 1; n <= len(c.train); n++ {
		for _, x := range c.pick(n, 8) {
			count[x]++
		}
	}
	for i := range c.train {
		if count[&c.train[i]] != 8 {
			t.Errorf("comparison %d is learned %d times in 8 epochs", i, count[&c.train[i]])
		}
	}
	late := slices.Clone(c.pick(5, 8))
	c.pick(1, 8)
	if !slices.Equal(late, c.pick(5, 8)) {
		t.Error("step 5 has other comparisons after step 1")
	}
}

// TestDivided: rankings that do not fit into a microbatch become pairs.
func TestDivided(t *testing.T) {
	r := pairsRecipe(Reward, smallModel(t, dense), false, rankedTastes(t, 10))
	r.Preferences.HeldOut, r.Batch.Sequence = 0, 48
	_, whole := planned(t, r)
	r.Batch.Rows, r.Batch.Sequence = 2, whole.train[0].Tokens()/2-1
	_, parts := planned(t, r)
	if len(whole.train) != 10 || len(parts.train) != 30 || parts.train[0].Weight*3 != 1 {
		t.Errorf("%d and %d comparisons, of weight %v", len(whole.train), len(parts.train), parts.train[0].Weight)
	}
	r.Batch.Rows = 1
	if _, err := New(t.Context(), r, Options{RunDir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "batch.rows") {
		t.Error(err)
	}
}

// TestRankingsWhole: rankings that have the loss of the whole order are not divided.
func TestRankingsWhole(t *testing.T) {
	r := pairsRecipe(Reward, smallModel(t, dense), false, rankedTastes(t, 10))
	r.Reward.Ranking, r.Batch.Sequence = RankPlackettLuce, 48
	_, whole := planned(t, r)
	tokens := 0
	for _, c := range slices.Concat(whole.train, whole.held) {
		tokens = max(tokens, c.Tokens())
	}
	r.Batch.Rows, r.Batch.Sequence = 2, tokens/2-1
	_, err := New(t.Context(), r, Options{})
	var bad *recipe.ValueError
	if !errors.As(err, &bad) || bad.Key != "batch.rows" || !strings.Contains(err.Error(), fmt.Sprintf("10 of 10 rankings have more tokens than a microbatch, the largest %d", tokens)) || !strings.Contains(err.Error(), "3 rows are enough") {
		t.Error(err)
	}
	r.Batch.Rows = 3
	if _, c := planned(t, r); len(c.train)+len(c.held) != 10 {
		t.Errorf("%d and %d comparisons", len(c.train), len(c.held))
	}
}

// TestWarmupOfEpochs: a run whose length the data tells must be longer than its warmup
// too.
func TestWarmupOfEpochs(t *testing.T) {
	dir := smallModel(t, dense)
	for _, method := range []string{Reward, DPO} {
		r := pairsRecipe(method, dir, false, tastes(t, 40))
		r.Steps, r.Epochs, r.Preferences.HeldOut = 0, 1, 0 // 40 pairs, 8 in a step
		r.Schedule.Warmup = 5
		if run, _ := planned(t, r); run.Plan().Steps != 5 {
			t.Errorf("%s: %d steps", method, run.Plan().Steps)
		}
		r.Schedule.Warmup = 6
		_, err := New(t.Context(), r, Options{})
		var bad *recipe.ValueError
		if !errors.As(err, &bad) || bad.Key != "schedule.warmup" || !strings.Contains(err.Error(), "6 steps of warmup are longer than the run of 5 steps") {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// TestPairsErrors: files that are not there or that cannot be used are named.
func TestPairsErrors(t *testing.T) {
	dir := smallModel(t, dense)
	bad := writeText(t, "bad.jsonl", `{"prompt": "x", "chosen": 1, "rejected": "d"}`)
	for file, want := range map[string]string{
		"/nowhere/*.jsonl": "preferences.files: /nowhere/*.jsonl",
		bad:                bad + ":1: chosen: it is a number",
		writeText(t, "ties.jsonl", `{"prompt": "x", "chosen": "d", "rejected": "d"}`): "no comparison is left",
	} {
		if _, err := New(t.Context(), pairsRecipe(Reward, dir, false, file), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestAverage: of equal numbers it is that number, and of others their mean.
func TestAverage(t *testing.T) {
	var a, b average
	for i := range 1000 {
		a.add(math.Ln2, 1/float64(i%7+1))
		b.add(float64(i), float64(i%3))
	}
	if a.value != math.Ln2 || math.Abs(b.value-b.reference()) > 1e-9 {
		t.Errorf("%v, %v", a, b)
	}
}

func (a *average) reference() float64 {
	sum, weights := 0.0, 0.0
	for i := range 1000 {
		sum, weights = sum+float64(i*(i%3)), weights+float64(i%3)
	}
	return sum / weights
}

// TestVerdicts: accuracy with Wilson's interval, by hand for 9 of 10.
func TestVerdicts(t *testing.T) {
	var v verdicts
	for i := range 10 {
		p := 0.8
		if i == 3 {
			p = 0.4
		}
		v.add(p, fmt.Sprint(i))
	}
	m := Measures{}
	v.measure(m, true)
	const z = 1.959963984540054
	center, half := (0.9+z*z/20)/(1+z*z/10), z*math.Sqrt(0.9*0.1/10+z*z/400)/(1+z*z/10)
	if m["accuracy"] != 0.9 || math.Abs(m["accuracy_low"]-(center-half)) > 1e-9 || math.Abs(m["accuracy_high"]-(center+half)) > 1e-9 {
		t.Errorf("%v, want %v to %v", m, center-half, center+half)
	}
	if want := (9*0.04 + 0.36) / 10; math.Abs(m["brier"]-want) > 1e-9 || m["ece"] <= 0 {
		t.Errorf("%v, want a Brier score of %v", m, want)
	}
	v.add(0.5, "x")
	clear(m)
	if v.measure(m, true); m["accuracy"] != 9.5/11 || m["ece"] != 0 {
		t.Errorf("with a tie %v", m)
	}
}

// TestPairsRealFiles plans runs on the public sets whose directory POLYMATH_DATA
// names.
func TestPairsRealFiles(t *testing.T) {
	dir := os.Getenv("POLYMATH_DATA")
	if dir == "" {
		t.Skip("POLYMATH_DATA is not set")
	}
	file := filepath.Join(dir, "pref_hh/harmless-base/test.jsonl.gz")
	if _, err := os.Stat(file); err != nil {
		t.Skip(err)
	}
	r := pairsRecipe(Reward, smallModel(t, dense), false, file)
	r.Preferences.TooLong, r.Batch.Sequence, r.Steps, r.Batch.Pairs = preference.Cut, 256, 2, 4
	r.Eval = EvalSpec{Items: 20}
	_, records := runPairs(t, t.Context(), r, Options{})
	m := evalsOf(records)[0]
	t.Logf("%v", m)
	for _, name := range []string{"accuracy", "accuracy_low", "baseline/longer", "baseline/majority", "ece", "reward/std"} {
		if _, ok := m[name]; !ok {
			t.Errorf("%s is not measured", name)
		}
	}
}
