// Package probe measures what the features of a vision tower are worth by a linear
// classifier: how well classes of pictures can be told apart by a plane (Alain and
// Bengio, arXiv:1610.01644). The classifier is made anew each time and not kept.
package probe

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/model"
)

// Options are the settings of Run.
type Options struct {
	// Dir has a folder of pictures for each class.
	Dir string
	// Limit is the most pictures of a class, 0 for all: the same ones in every run.
	Limit int
	// Observe, if not nil, is told how many pictures have been looked at; it is called by
	// the goroutine that calls Run.
	Observe func(done, all int)
}

// Result is what came of a probe.
type Result struct {
	Classes []string `json:"classes"`
	// Width is the number of features: each is the mean over the patches of a view.
	Width int `json:"width"`
	// Train and Test are how many pictures the classifier is made of, and measured by.
	Train int `json:"train"`
	Test  int `json:"test"`
	// Accuracy is over the test pictures; Pixels is that of the same classifier of the
	// mean colors of an 8 by 8 grid, and Difference what the tower has more, in pairs.
	Accuracy   stat.Estimate `json:"accuracy"`
	Pixels     stat.Estimate `json:"pixels"`
	Difference stat.Estimate `json:"difference"`
	Chance     float64       `json:"chance"`
	// Weight is the ridge that was chosen, by a fifth of the training pictures.
	Weight float64 `json:"ridge"`
}

// testShare of 256 pictures are for measuring.
const testShare = 51

// sample is one picture.
type sample struct {
	path  string
	class int
	key   uint64 // orders the pictures of a class
	test  bool
}

// Run classifies the pictures by what m's tower makes of them, in one view each. Which
// are for training the classifier and which for measuring it is decided by a hash of
// class and file name: always the same, about a fifth for measuring. Errors name the
// file; a model without a tower is one.
func Run(ctx context.Context, m *model.Model, o Options) (*Result, error) {
	if m.Vision() == nil {
		return nil, errors.New("the model has no vision tower to probe")
	}
	classes, samples, err := list(&o)
	if err != nil {
		return nil, err
	}
	seen, err := look(ctx, m, samples, o.Observe)
	if err != nil {
		return nil, err
	}
	r := &Result{Classes: classes, Width: seen.tower.width, Chance: 1 / float64(len(classes))}
	right, weight, err := classify(&seen.tower, samples, len(classes))
	if err != nil {
		return nil, err
	}
	r.Weight = weight
	plain, _, err := classify(&seen.pixels, samples, len(classes))
	if err != nil {
		return nil, err
	}
	r.Test = len(right)
	r.Train = len(samples) - r.Test
	r.Accuracy, r.Pixels = stat.Mean(right, nil), stat.Mean(plain, nil)
	r.Difference = stat.Paired(plain, right, nil).Estimate
	return r, nil
}

// list finds the pictures, ordered by class and file name.
func list(o *Options) (classes []string, samples []sample, err error) {
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		mode, err := kind(o.Dir, e)
		if err != nil {
			return nil, nil, err
		}
		if !mode.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		one, err := ofClass(o, e.Name(), len(classes))
		if err != nil {
			return nil, nil, err
		}
		if len(one) > 0 {
			classes, samples = append(classes, e.Name()), append(samples, one...)
		}
	}
	for _, want := range []bool{true, false} {
		for c, name := range classes {
			if !slices.ContainsFunc(samples, func(s sample) bool { return s.class == c && s.test == want }) {
				return nil, nil, fmt.Errorf("%s has too few pictures to train a classifier and measure it", filepath.Join(o.Dir, name))
			}
		}
	}
	if len(classes) < 2 {
		return nil, nil, fmt.Errorf("%s has pictures in %d folders: a probe needs one for each of two classes or more", o.Dir, len(classes))
	}
	return classes, samples, nil
}

// kind is what an entry of a directory is, or what it links to: a data set may be links
// to pictures that lie elsewhere. A link to nothing is an error, not a picture less.
func kind(dir string, e fs.DirEntry) (fs.FileMode, error) {
	if e.Type()&fs.ModeSymlink == 0 || strings.HasPrefix(e.Name(), ".") {
		return e.Type(), nil
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	if err != nil {
		return 0, err
	}
	return info.Mode().Type(), nil
}

func ofClass(o *Options, name string, class int) ([]sample, error) {
	files, err := os.ReadDir(filepath.Join(o.Dir, name))
	if err != nil {
		return nil, err
	}
	var samples []sample
	for _, f := range files {
		mode, err := kind(filepath.Join(o.Dir, name), f)
		if err != nil {
			return nil, err
		}
		if !mode.IsRegular() || strings.HasPrefix(f.Name(), ".") {
			continue
		}
		sum := sha256.Sum256([]byte(name + "/" + f.Name()))
		samples = append(samples, sample{
			path: filepath.Join(o.Dir, name, f.Name()), class: class,
			key: binary.LittleEndian.Uint64(sum[:]), test: sum[8] < testShare,
		})
	}
	if o.Limit > 0 && len(samples) > o.Limit {
		slices.SortFunc(samples, func(a, b sample) int {
			if a.key < b.key {
				return -1
			}
			return 1
		})
		samples = samples[:o.Limit]
		slices.SortFunc(samples, func(a, b sample) int { return strings.Compare(a.path, b.path) })
	}
	return samples, nil
}
