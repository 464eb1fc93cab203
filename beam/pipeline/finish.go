package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/mixture"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tokenizer"
)

// ManifestName is the file that makes a directory a corpus that was built by the
// pipeline. It is written last.
const ManifestName = "beam.json"

// Manifest tells what a corpus is made of.
type Manifest struct {
	Version int `json:"version"`
	// Recipe is the SHA-256 of the recipe's file.
	Recipe string `json:"recipe_sha256"`
	// Sources is what became of each source, in the order of the recipe.
	Sources []Source `json:"sources"`
	// Tokenizer is the hash that identifies the tokenizer, and Shards the SHA-256
	// of the shards' manifest.
	Tokenizer string `json:"tokenizer_sha256"`
	Shards    string `json:"shards_sha256"`
	// Decisions are the SHA-256 of the files of decisions by name.
	Decisions map[string]string `json:"decisions"`
	// Plan is the mixture, and Mixed what of it the shards hold.
	Plan  *mixture.Plan  `json:"plan"`
	Mixed mixture.Result `json:"mixed"`
}

// Source is what became of one source.
type Source struct {
	Name   string        `json:"name"`
	Report corpus.Report `json:"report"`
	// Left is what duplicates left of it.
	Left corpus.Count `json:"left"`
}

// Finish puts the results of a pipeline that has ended into the directory out:
// the shards, the decisions, the tokenizer and the manifest. It brings the runs
// to this machine one after the other; what it needs of the disk is theirs and
// the shards'.
func Finish(ctx context.Context, j Job, out string) (*Manifest, error) {
	r, err := j.recipe()
	if err != nil {
		return nil, err
	}
	if err := prepare(out); err != nil {
		return nil, err
	}
	unlock, err := atomicfile.Lock(out)
	if err != nil {
		return nil, err
	}
	m, err := j.finish(ctx, r, out)
	return m, errors.Join(err, unlock())
}

// prepare refuses a directory that holds the build of one machine.
func prepare(out string) error {
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	path := filepath.Join(out, corpus.ManifestName)
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("%s is that of a build on one machine; name another directory with --out", path)
	}
	err := os.Remove(filepath.Join(out, ManifestName))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (j *Job) finish(ctx context.Context, r *corpus.Recipe, out string) (*Manifest, error) {
	sum := sha256.Sum256([]byte(j.Recipe))
	m := &Manifest{Version: 1, Recipe: hex.EncodeToString(sum[:]), Plan: &mixture.Plan{}, Decisions: map[string]string{}}
	if err := j.load(ctx, planName, m.Plan); err != nil {
		return nil, err
	}
	if err := j.sources(ctx, r, m); err != nil {
		return nil, err
	}
	text, err := readAll(ctx, j.path(tokenizerName))
	if err != nil {
		return nil, err
	}
	t, err := tokenizer.Parse(text)
	if err != nil {
		return nil, err
	}
	m.Tokenizer = t.Hash()
	if _, err := atomicfile.WriteBytes(filepath.Join(out, tokenizerName), text); err != nil {
		return nil, err
	}
	if err := j.decisions(ctx, out, m); err != nil {
		return nil, err
	}
	if m.Mixed, err = j.merge(ctx, m.Plan, t, out); err != nil {
		return nil, err
	}
	m.Shards = m.Mixed.Shards
	text, err = json.Marshal(m, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	_, err = atomicfile.WriteBytes(filepath.Join(out, ManifestName), append(text, '\n'))
	return m, err
}

// load reads a result in JSON.
func (j *Job) load(ctx context.Context, name string, into any) error {
	text, err := readAll(ctx, j.path(name))
	if err != nil {
		return fmt.Errorf("%w; did the pipeline end well?", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", j.path(name), err)
	}
	return nil
}

func (j *Job) sources(ctx context.Context, r *corpus.Recipe, m *Manifest) error {
	var counts []corpus.Count
	if err := j.load(ctx, countsName, &counts); err != nil {
		return err
	}
	if len(counts) != len(r.Sources) {
		return fmt.Errorf("%s is of another recipe", j.path(countsName))
	}
	for i := range r.Sources {
		s := Source{Name: r.Sources[i].Name, Left: counts[i]}
		if err := j.load(ctx, reportName(i), &s.Report); err != nil {
			return err
		}
		m.Sources = append(m.Sources, s)
	}
	return nil
}

// decisions brings the files of decisions.
func (j *Job) decisions(ctx context.Context, out string, m *Manifest) error {
	dir := filepath.Join(out, "decisions")
	if err := atomicfile.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	names, err := list(ctx, j.path("decisions-*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if m.Decisions[name], err = bring(ctx, j.path(name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// bring copies a file to this machine, and returns its SHA-256.
func bring(ctx context.Context, from, to string) (hash string, err error) {
	err = copyTo(ctx, from, func(r io.Reader) error {
		hash, err = atomicfile.Write(to, func(w io.Writer) error {
			_, err := io.Copy(w, r)
			return err
		})
		return err
	})
	return hash, err
}

// merge writes the shards from the runs.
func (j *Job) merge(ctx context.Context, p *mixture.Plan, t *tokenizer.Tokenizer, out string) (mixture.Result, error) {
	var sizes map[int]int64
	if err := j.load(ctx, runsName, &sizes); err != nil {
		return mixture.Result{}, err
	}
	runs, err := os.MkdirTemp(out, "runs-")
	if err != nil {
		return mixture.Result{}, err
	}
	defer os.RemoveAll(runs)
	n := len(p.Stages) * j.runsOfStage(p)
	for i := range n {
		if err := j.bringRun(ctx, i, sizes, runs); err != nil {
			return mixture.Result{}, err
		}
	}
	packer, err := mixture.NewPacker(mixture.PackOptions{
		Work: runs, Shards: filepath.Join(out, corpus.ShardsDir), Plan: p, Tokenizer: t, Parted: true,
	})
	if err != nil {
		return mixture.Result{}, err
	}
	return packer.Merge(ctx, n, func(int64) {})
}

// bringRun brings one run, which is empty if no document came to it.
func (j *Job) bringRun(ctx context.Context, number int, sizes map[int]int64, dir string) error {
	name := mixture.RunName(number)
	to := filepath.Join(dir, name)
	size, ok := sizes[number]
	if !ok {
		return os.WriteFile(to, nil, 0o666)
	}
	if !isRemote(j.Work) && os.Link(j.path(name), to) == nil { // else on another disk
		return checkSize(to, size)
	}
	if _, err := bring(ctx, j.path(name), to); err != nil {
		return err
	}
	return checkSize(to, size)
}

func checkSize(path string, size int64) error {
	info, err := os.Stat(path)
	if err == nil && info.Size() != size {
		err = fmt.Errorf("%s has %d bytes, and %d were written", path, info.Size(), size)
	}
	return err
}
