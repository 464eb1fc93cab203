package contamination

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/modelfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train"
)

// Where things are, below a directory that is named or that is near the model.
var (
	shardDirs = []string{".", "shards", "data"}
	modelDirs = []string{".", "model", filepath.Join("run", "model")}
)

const (
	// levels is how far above a model its data is looked for, and maxNear how many
	// directories of each level are looked into.
	levels  = 3
	maxNear = 500
)

// tracer looks for what hashes name.
type tracer struct {
	given []string
	used  map[string]bool
	near  map[string][]string       // by model
	runs  map[string]*train.Sources // by model; nil if it is of no run
}

func newTracer(o Options) (*tracer, error) {
	t := &tracer{used: map[string]bool{}, near: map[string][]string{}, runs: map[string]*train.Sources{}}
	for _, place := range o.Places {
		info, err := os.Stat(place)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("%s is no directory of a corpus, of shards or of a model", place)
		}
		t.given = append(t.given, place)
	}
	return t, nil
}

// stranger is a place that was given and that nothing was found in, or "".
func (t *tracer) stranger() string {
	for _, place := range t.given {
		if !t.used[place] {
			return place
		}
	}
	return ""
}

// trained says what is known of what the model was trained on.
func (t *tracer) trained(l *Lineage) string {
	var hashes []string
	for _, link := range l.Links {
		hashes = append(hashes, fmt.Sprintf("the shards with hash %.16s…, which are in %s", link.Hash, link.Shards))
	}
	return "it was trained on " + strings.Join(hashes, " and on ")
}

// around are the directories in which the data and the parent of a model are looked
// for: those that were given, those that its run names, and those near it.
func (t *tracer) around(at string) []string {
	if dirs, ok := t.near[at]; ok {
		return dirs
	}
	dirs := append([]string{}, t.given...)
	above := ancestors(at)
	if run := t.runOf(at); run != nil {
		for _, path := range append([]string{run.Shards, run.Model}, run.Stages...) {
			dirs = append(dirs, places(path, above)...)
		}
	}
	for _, dir := range above {
		dirs = append(dirs, dir)
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // not to be read, so nothing is found there
		}
		for i, e := range entries {
			if i == maxNear {
				break
			}
			if e.IsDir() {
				dirs = append(dirs, filepath.Join(dir, e.Name()))
			}
		}
	}
	t.near[at] = dirs
	return dirs
}

// places are what a recipe's path may mean: it is relative to where the run was
// started, which is here, or somewhere above it.
func places(path string, above []string) (dirs []string) {
	if path == "" {
		return nil
	}
	dirs = append(dirs, path)
	if !filepath.IsAbs(path) {
		for _, dir := range above {
			dirs = append(dirs, filepath.Join(dir, path))
		}
	}
	return dirs
}

// ancestors are the directories above a model, the nearest first.
func ancestors(path string) (dirs []string) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	for range levels {
		above := filepath.Dir(path)
		if above == path || above == filepath.Dir(above) {
			break // not the whole machine
		}
		dirs = append(dirs, above)
		path = above
	}
	return dirs
}

// runOf is what the run that made the model says, or nil.
func (t *tracer) runOf(at string) *train.Sources {
	if run, ok := t.runs[at]; ok {
		return run
	}
	t.runs[at] = nil
	for _, dir := range ancestors(at) {
		if run, err := train.SourcesOf(dir); err == nil {
			t.runs[at] = run
			break
		}
	}
	return t.runs[at]
}

// shardsIn returns the directory at or below dir with the shards of that hash.
func shardsIn(dir, hash string) string {
	for _, below := range shardDirs {
		path := filepath.Join(dir, below)
		if m, err := shard.ReadManifest(path); err == nil && m.Hash() == hash {
			return path
		}
	}
	return ""
}

// findModel returns the path of the model whose manifest, or file, has that hash. Of
// files only those beside the child are hashed: they are large.
func (t *tracer) findModel(child, hash string) (string, error) {
	for _, dir := range t.around(child) {
		for _, below := range modelDirs {
			if path := filepath.Join(dir, below); hasManifest(path) && isHash(path, hash) {
				t.used[dir] = true
				return path, nil
			}
		}
	}
	beside, _ := filepath.Glob(filepath.Join(filepath.Dir(child), "*.gguf"))
	for _, path := range beside {
		if path != child && isHash(path, hash) {
			return path, nil
		}
	}
	return "", notTraced("the model with hash %.16s… that %s was made of is not found: name its directory by --corpus", hash, child)
}

func isHash(path, hash string) bool {
	found, err := modelfile.Parent(path)
	return err == nil && found == hash
}

func hasManifest(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, model.ManifestName))
	return err == nil
}
