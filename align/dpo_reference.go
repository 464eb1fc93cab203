package align

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/checkpoint"
)

// referenceFile keeps what the reference says of the answers.
const referenceFile = "reference.json"

// referenceVersion is the version of that file.
const referenceVersion = 1

// referred is that file. As many comparisons have numbers as there was time for, in
// the order of those that are trained on and then those that are held out.
type referred struct {
	Version int `json:"version"`
	// Source is the hash of all that the numbers are a function of.
	Source string `json:"source"`
	// LogProbs are the sums over the learned tokens of each answer.
	LogProbs [][]float64 `json:"logprobs"`
	// SHA256 is that of the numbers.
	SHA256 string `json:"sha256"`
}

// saveReferenceEvery is how much work may be lost.
const saveReferenceEvery = 30 * time.Second

// maxReference bounds the bytes of the file for each answer: a number has 24 at most,
// its line 8 besides, and the lines around the two answers of a comparison have 13.
const maxReference = 64

// refer fills in what the reference says of all answers: as an earlier start of this
// run has measured it, and the rest by the reference, which it closes again.
func (d *dpo) refer(ctx context.Context, r *Run) error {
	all := append(pointers(d.train), pointers(d.held)...)
	f := &referred{Version: referenceVersion, Source: r.referenceSource()}
	path := filepath.Join(r.options.RunDir, referenceFile)
	if err := f.read(path, all); err != nil {
		return err
	}
	if len(f.LogProbs) < len(all) {
		if err := d.measureReference(ctx, r, f, all, path); err != nil {
			return err
		}
		runtime.GC() // the policy has its memory
	}
	for i, c := range all {
		c.reference = f.LogProbs[i]
		if r.recipe.DPO.Loss == IPO {
			c.reference = perToken(c, f.LogProbs[i])
		}
	}
	return nil
}

// perToken divides what is said of a comparison's answers by the number of their
// learned tokens.
func perToken(c *comparison, sums []float64) []float64 {
	means := make([]float64, len(sums))
	for k, learned := range c.learned() {
		means[k] = sums[k] / float64(learned)
	}
	return means
}

// learned is the number of learned tokens of each answer.
func (c *comparison) learned() []int {
	counts := make([]int, len(c.Answers))
	for k := range c.Answers {
		for _, yes := range c.Answers[k].Learned {
			if yes {
				counts[k]++
			}
		}
	}
	return counts
}

// referenceSource is the hash of all that the reference's numbers are a function of.
func (r *Run) referenceSource() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %d", referenceVersion, cmp.Or(r.hashes.Reference, r.hashes.Parent), r.hashes.Data, r.tokens()))
	return hex.EncodeToString(sum[:])
}

// measureReference measures what f does not have, and saves it now and then.
func (d *dpo) measureReference(ctx context.Context, r *Run, f *referred, all []*comparison, path string) (err error) {
	m, err := model.Load(cmp.Or(r.recipe.Reference, r.recipe.Model), false)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	pass := newReplay(m, r.tokens())
	saved := time.Now()
	for _, b := range bundles(all[len(f.LogProbs):], r.tokens()) {
		if err := ctx.Err(); err != nil {
			return errors.Join(err, f.save(path, r.options.NoSave))
		}
		if _, err := pass.forward(&b.pack); err != nil {
			return fmt.Errorf("reference: %w", err)
		}
		sums, first := pass.answers(&b, false), 0
		for _, c := range b.list {
			n := len(c.Answers)
			f.LogProbs = append(f.LogProbs, sums[first:first+n:first+n])
			first += n
			if err := f.finite(all); err != nil {
				return err
			}
		}
		if time.Since(saved) > saveReferenceEvery {
			if err := f.save(path, r.options.NoSave); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return f.save(path, r.options.NoSave)
}

// finite refuses a reference that cannot say what the last comparison is worth.
func (f *referred) finite(all []*comparison) error {
	last := len(f.LogProbs) - 1
	for _, v := range f.LogProbs[last] {
		if !finite(v) {
			return fmt.Errorf("%sthe reference gives an answer the log-probability %v: the model is damaged, take another one", all[last].Where, v)
		}
	}
	return nil
}

func (f *referred) sum() string {
	h := sha256.New()
	for _, list := range f.LogProbs {
		fmt.Fprintf(h, "%x\n", list)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (f *referred) save(path string, not bool) error {
	if not {
		return nil
	}
	f.SHA256 = f.sum()
	_, err := checkpoint.WriteJSON(path, f)
	return err
}

// read reads what was measured before. A file of another source is as none; one that
// is damaged is an error.
func (f *referred) read(path string, all []*comparison) error {
	answers := 0
	for _, c := range all {
		answers += len(c.Answers)
	}
	text, err := atomicfile.ReadSmall(path, int64(answers)*maxReference+4096)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var found referred
	if err := checkpoint.StrictJSON(text, &found); err != nil {
		return fmt.Errorf("%s: %w: remove it, and it is made again", path, err)
	}
	if found.Version != f.Version || found.Source != f.Source {
		return nil
	}
	whole := found.SHA256 == found.sum() && len(found.LogProbs) <= len(all)
	for i := 0; whole && i < len(found.LogProbs); i++ {
		whole = len(found.LogProbs[i]) == len(all[i].Answers)
	}
	if !whole {
		return fmt.Errorf("%s is damaged: remove it, and it is made again", path)
	}
	f.LogProbs = found.LogProbs
	return nil
}
