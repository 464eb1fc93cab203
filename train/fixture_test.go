package train

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// words make texts with something to learn: who does what with what.
var words = [][]string{
	{"the cat", "a dog", "my aunt", "the old king", "nobody"},
	{"sees", "eats", "paints", "sells", "forgets"},
	{"a red apple", "the sea", "two horses", "the letter", "an empty house"},
}

func story(r *rand.Rand) string {
	var b strings.Builder
	for range 2 + r.IntN(12) {
		for _, w := range words {
			b.WriteString(w[r.IntN(len(w))] + " ")
		}
		b.WriteString(". ")
	}
	return b.String()
}

// fixture is a tokenizer and shards on disk, made once for all tests.
type fixture struct{ tokenizer, shards string }

var makeFixture = sync.OnceValues(func() (fixture, error) {
	dir := filepath.Join(scratch, "data")
	f := fixture{filepath.Join(dir, "tokenizer.json"), filepath.Join(dir, "shards")}
	r := rand.New(rand.NewPCG(1, 2))
	var docs [][]byte
	for range 200 {
		docs = append(docs, []byte(story(r)))
	}
	text, err := tokenizer.Train(slices.Values(docs), tokenizer.TrainOptions{VocabSize: 300})
	if err != nil {
		return f, err
	}
	w, err := shard.NewWriter(f.shards, shard.Header{TokenizerHash: text.Hash(), VocabSize: text.VocabSize(), EndOfText: text.EOS()})
	if err != nil {
		return f, err
	}
	defer w.Abort()
	for _, doc := range docs {
		sum := sha256.Sum256(doc)
		if err := w.Add(shard.ID(sum[:16]), text.Encode(string(doc))); err != nil {
			return f, err
		}
	}
	if _, err := w.Close(); err != nil {
		return f, err
	}
	return f, text.Save(f.tokenizer)
})

// tinyRun is a recipe of seconds: two layers, four experts, 12 steps.
func tinyRun(t *testing.T) *Recipe {
	t.Helper()
	f, err := makeFixture()
	if err != nil {
		t.Fatal(err)
	}
	return tinyRecipeFor(f)
}

func tinyRecipeFor(f fixture) *Recipe {
	r := DefaultRecipe()
	r.Name, r.Seed, r.Steps = "tiny", 7, 12
	r.Tokenizer, r.Data = f.tokenizer, DataSpec{Shards: f.shards, HeldOut: 0.1}
	m := &r.Model
	m.VocabSize, m.HiddenSize, m.Layers, m.Heads, m.KVHeads = 300, 32, 2, 2, 1
	m.Experts, m.ExpertsPerToken, m.ExpertSize, m.TieEmbeddings = 4, 2, 32, true
	m.BiasRate = 0.001
	r.Batch = BatchSpec{Tokens: 128, Rows: 2, Sequence: 32}
	r.Optimizer.LR = 0.01
	r.Optimizer.Attention.Rule = Muon
	r.Schedule = ScheduleSpec{Kind: WSD, Warmup: 3, Decay: 0.3}
	r.EMA = 0.9
	r.Eval = EvalSpec{Every: 4, Rows: 4}
	r.Sample = SampleSpec{Every: 6, Prompts: []string{"the cat "}, Tokens: 8, Temperature: 0.8}
	r.Checkpoint = CheckpointSpec{Every: 3, Keep: 2}
	return r
}

// mustRun trains to the end or until stop says so.
func mustRun(t *testing.T, r *Recipe, o Options) Result {
	t.Helper()
	result, err := runOnce(t, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func runOnce(t *testing.T, r *Recipe, o Options) (Result, error) {
	t.Helper()
	trainer, err := New(r, o)
	if err != nil {
		return Result{}, err
	}
	defer trainer.Close()
	return trainer.Run(t.Context())
}

// curve is what a run measured, without its timing: one line a record, with
// the numbers' bits.
func curve(records []Record) string {
	var b strings.Builder
	for _, r := range records {
		switch r.Kind {
		case KindStep, KindSkip:
			fmt.Fprintf(&b, "%s %d loss %x norm %x lr %x balance %x load %v rows %v\n",
				r.Kind, r.Step, r.Train.Loss, r.Train.GradNorm, r.Train.LR, r.Train.BalanceLoss, r.Train.ExpertLoad, r.Train.Rows)
		case KindEval:
			fmt.Fprintf(&b, "eval %d loss %x bits per byte %x tokens %d bytes %d\n", r.Step, r.Eval.Loss, r.Eval.BitsPerByte, r.Eval.Tokens, r.Eval.Bytes)
		case KindSample:
			fmt.Fprintf(&b, "sample %d %q\n", r.Step, r.Sample.Text)
		}
	}
	return b.String()
}

func mustCurve(t *testing.T, dir string) string {
	t.Helper()
	records, err := ReadMetrics(dir)
	if err != nil {
		t.Fatal(err)
	}
	return curve(records)
}
