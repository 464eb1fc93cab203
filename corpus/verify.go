package corpus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tokenizer"
)

// Verified is what Verify looked at.
type Verified struct {
	Segments int    `json:"segments"`
	Files    int    `json:"files"`
	Shards   int    `json:"shards"`
	Hash     string `json:"sha256"` // of the manifest
}

// Verify follows the chain of hashes of the corpus in dir: from the manifest over
// the list of input files, the segments and what deduplication left to the shards.
// An error names the first file that is not what the chain says. It calls progress
// with the share that is done.
func Verify(ctx context.Context, dir string, progress func(share float64)) (*Verified, error) {
	c, err := Open(dir)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	v := &verifier{Corpus: c, ctx: ctx, progress: progress}
	for _, link := range []func() error{v.recipe, v.files, v.segments, v.stages, v.index, v.tokens} {
		if err := link(); err != nil {
			return nil, err
		}
	}
	v.done.Hash, err = atomicfile.Hash(filepath.Join(dir, ManifestName))
	return &v.done, err
}

type verifier struct {
	*Corpus
	ctx      context.Context
	progress func(share float64)
	done     Verified
}

// broken is the error for a file that is not what another says.
func broken(path, what, got, want string) error {
	return fmt.Errorf("%s: the file was changed since it was written: %s is %s and not %s", path, what, got, want)
}

func (v *verifier) path(names ...string) string {
	return filepath.Join(append([]string{v.dir}, names...)...)
}

// hash compares a file's SHA-256.
func (v *verifier) hash(path, want string) error {
	if err := v.ctx.Err(); err != nil {
		return context.Cause(v.ctx)
	}
	got, err := atomicfile.Hash(path)
	if err != nil {
		return err
	}
	v.done.Files++
	if got != want {
		return broken(path, "its SHA-256", got, want)
	}
	return nil
}

func (v *verifier) recipe() error {
	text := v.Manifest.Recipe.Clone()
	if err := text.Compact(); err != nil {
		return fmt.Errorf("%s: recipe: %w", v.path(ManifestName), err)
	}
	if got := hexHash(text); got != v.Manifest.RecipeHash {
		return broken(v.path(ManifestName), "the SHA-256 of its recipe", got, v.Manifest.RecipeHash)
	}
	return nil
}

func (v *verifier) files() error { return v.hash(v.path(FilesName), v.Manifest.Files) }

// segments follows the chain of summaries, each of which names the hashes of its
// segment's files.
func (v *verifier) segments() error {
	dir := v.view.dir
	done, err := v.stage(ingestStage, "")
	if err != nil {
		return err
	}
	last := done.Key
	sources := make([]SourceReport, len(v.Manifest.Sources))
	for i := range sources {
		sources[i].Samples = Samples{}
	}
	err = eachSummary(dir, v.view.key, func(s *Summary) error {
		if err := v.ctx.Err(); err != nil {
			return context.Cause(v.ctx)
		}
		if err := segment.Verify(dir, s.Number, s.Files); err != nil {
			return err
		}
		if err := v.hash(factsPath(dir, s.Number), s.Facts); err != nil {
			return err
		}
		if s.Source >= len(sources) {
			return fmt.Errorf("%s: its source is not in %s", summaryPath(dir, s.Number), v.path(ManifestName))
		}
		sources[s.Source].add(s)
		v.done.Segments++
		v.done.Files += 4
		last = s.hash
		v.progress(0.8 * float64(s.Number+1) / float64(max(v.Manifest.Segments, 1)))
		return nil
	})
	if err != nil {
		return err
	}
	if v.done.Segments != v.Manifest.Segments {
		return fmt.Errorf("%s is missing or does not follow the one before: there are %d segments, and %s tells of %d",
			summaryPath(dir, v.done.Segments), v.done.Segments, v.path(ManifestName), v.Manifest.Segments)
	}
	if last != v.Manifest.Ingest {
		return broken(summaryPath(dir, v.done.Segments-1), "its SHA-256", last, v.Manifest.Ingest)
	}
	if done.Output != last {
		return broken(filepath.Join(dir, doneFile), "its output", done.Output, last)
	}
	return v.counts(sources)
}

// counts compares what the manifest tells of the sources with what the segments
// tell.
func (v *verifier) counts(sources []SourceReport) error {
	for i := range sources {
		told := &v.Manifest.Sources[i]
		got, err := marshal(sources[i].counted())
		if err != nil {
			return err
		}
		want, err := marshal(told.counted())
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("%s: the file was changed since it was written: it does not tell of source %s what the segments tell", v.path(ManifestName), told.Name)
		}
	}
	return nil
}

// counted is what the segments tell of a source, as far as every version of the
// program counted it.
func (r *SourceReport) counted() any {
	samples := r.Samples
	if samples == nil {
		samples = Samples{}
	}
	return struct {
		Files, FileBytes, Failed int64
		Funnel                   Funnel
		Samples                  Samples
	}{r.Files, r.FileBytes, r.Failed, r.Funnel, samples}
}

// stages follows what each stage of deduplication was made from to what the last
// of them left.
func (v *verifier) stages() error {
	output := v.Manifest.Ingest
	for _, name := range []string{dedupStage, linesStage, substringsStage} {
		done, err := v.stage(name, output)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := v.chain(name, done); err != nil {
			return err
		}
		output = done.Output
	}
	if output != v.Manifest.Deduplicated {
		return broken(v.path(ManifestName), "the hash of what is left after deduplication", output, v.Manifest.Deduplicated)
	}
	return nil
}

// stage checks what a stage was made from.
func (v *verifier) stage(name, input string) (*stageDone, error) {
	dir := v.path(workDir, name)
	done := &stageDone{}
	if err := readMark(filepath.Join(dir, doneFile), done); err != nil {
		return nil, err
	}
	var from stageFrom
	if err := readMark(filepath.Join(dir, stageFile), &from); err != nil {
		return nil, err
	}
	all, err := marshal(from)
	if err != nil {
		return nil, err
	}
	switch {
	case hexHash(all) != done.Key:
		return nil, broken(filepath.Join(dir, stageFile), "its key", hexHash(all), done.Key)
	case from.Input != input:
		return nil, broken(filepath.Join(dir, stageFile), "its input", from.Input, input)
	}
	return done, nil
}

// chain compares the files that a stage left with the hashes in its mark: lines
// of a file's name and its hash.
func (v *verifier) chain(name string, done *stageDone) error {
	dir := v.path(workDir, name)
	if got := hexHash([]byte(done.Key + "\n" + done.Chain)); got != done.Output {
		return broken(filepath.Join(dir, doneFile), "the hash of its chain", got, done.Output)
	}
	for line := range strings.Lines(done.Chain) {
		file, want, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || !filepath.IsLocal(file) {
			return fmt.Errorf("%s: %q names no file", filepath.Join(dir, doneFile), line)
		}
		if err := v.hash(filepath.Join(dir, file), want); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) index() error {
	done, err := v.stage(indexStage, v.Manifest.Deduplicated)
	if err != nil {
		return err
	}
	return v.hash(v.path(workDir, indexStage, indexFile), done.Output)
}

// tokens checks the tokenizer and the shards, and that they are made from what is
// left.
func (v *verifier) tokens() error {
	v.progress(0.8)
	done, err := v.stage(packStage, v.Manifest.Deduplicated)
	if err != nil {
		return err
	}
	if done.Output != v.Manifest.Shards {
		return broken(v.path(workDir, packStage, doneFile), "its output", done.Output, v.Manifest.Shards)
	}
	if path := v.path(TokenizerName); v.trained() {
		t, err := tokenizer.Load(path)
		if err != nil {
			return err
		}
		if t.Hash() != v.Manifest.Tokenizer {
			return broken(path, "its hash", t.Hash(), v.Manifest.Tokenizer)
		}
		v.done.Files++
	}
	set, err := shard.OpenSet(v.path(ShardsDir))
	if err != nil {
		return err
	}
	defer set.Close()
	m := set.Manifest()
	v.done.Shards = len(m.Files)
	v.done.Files += len(m.Files) + 1
	switch {
	case m.Hash() != v.Manifest.Shards:
		return broken(v.path(ShardsDir, shard.ManifestName), "its SHA-256", m.Hash(), v.Manifest.Shards)
	case m.TokenizerHash != v.Manifest.Tokenizer:
		return broken(v.path(ShardsDir, shard.ManifestName), "its tokenizer", m.TokenizerHash, v.Manifest.Tokenizer)
	}
	return nil
}

// trained reports whether the build trained the tokenizer.
func (v *verifier) trained() bool {
	r, err := v.Recipe()
	return err == nil && r.Tokenizer.Train != nil
}
