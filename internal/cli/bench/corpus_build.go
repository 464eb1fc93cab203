package bench

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/source"
)

const limitCopy = "a copy of the files, hashed on the way"

// everyFilter are the steps that web pages go through, for text.
const everyFilter = "[unicode, language: {min_score: 0}, gopher_repetition, gopher_quality, c4, fineweb, private]"

// corpusRecipe is a recipe whose only source is that path. steps are those of its
// documents; "" leaves each to the pipeline of its format.
func corpusRecipe(name, out, path, tokenizer, steps string, threads int) (*corpus.Recipe, error) {
	text := fmt.Sprintf("name: %s\nseed: 1\nout: %q\nthreads: %d\ntokenizer: %q\ndedup: {exact: true, minhash: {}}\nsources:\n  - {name: all, path: %q, max_bad: 1",
		name, out, threads, tokenizer, path)
	if steps != "" {
		text += ", pipeline: measured}\npipelines:\n  measured: " + steps + "\n"
	} else {
		text += "}\n"
	}
	return corpus.ParseRecipe(name, []byte(text))
}

// builds measures whole builds, from files to token shards.
func (b *corpusBench) builds(ctx context.Context, threads int) error {
	tokens, err := b.tokenizer()
	if err != nil {
		return err
	}
	text, html, err := b.sources()
	if err != nil {
		return err
	}
	for _, kind := range []struct{ name, path, steps string }{
		{"build of text, every filter", text, everyFilter},
		{"build of text, the text pipeline", text, ""},
		{"build of HTML, the web pipeline", html, ""},
	} {
		r, err := corpusRecipe("measured", b.path("built"), kind.path, tokens, kind.steps, threads)
		if err != nil {
			return err
		}
		if err := b.build(ctx, threadsName(kind.name, threads), r); err != nil {
			return err
		}
	}
	return nil
}

// tokenizer trains one on the texts, once.
func (b *corpusBench) tokenizer() (path string, err error) {
	path = b.path("tokenizer.json")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	texts := b.texts
	if b.Text == "" {
		texts = newVocabulary().texts(4000)
	}
	t, err := trainVocab(texts, 16384)
	if err != nil {
		return "", err
	}
	return path, t.Save(path)
}

// sources are where whole builds find text and pages. Those that were not named
// are synthetic: of a programming language's text the filters keep nothing.
func (b *corpusBench) sources() (text, html string, err error) {
	text, html = b.Text, b.HTML
	size := 64 << 20
	if b.Quick {
		size = 8 << 20
	}
	if text == "" {
		text = b.path("text.jsonl")
		err = writeSynthetic(text, size)
	}
	if html == "" {
		html = b.path("pages")
		err = errors.Join(err, writePages(html, makePages(newVocabulary().texts(size/(32<<10)))))
	}
	return text, html, err
}

func writeSynthetic(path string, size int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	err = newVocabulary().file(out, 0, size)
	return errors.Join(err, out.Flush(), f.Close())
}

func writePages(dir string, pages []page) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for i, p := range pages {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%06d.html", i)), p.content, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// build measures one recipe, always from the beginning, with files that were read
// before.
func (b *corpusBench) build(ctx context.Context, name string, r *corpus.Recipe) error {
	files, err := inputs(ctx, r)
	if err != nil {
		return err
	}
	var failed error
	var m *corpus.Manifest
	work := func() {
		if failed == nil {
			m, failed = corpus.Build(ctx, r, corpus.Options{Fresh: true})
		}
	}
	work()
	if failed != nil {
		return failed
	}
	size := m.Sources[0].Funnel.Read.Bytes // of the contents: files hold other fields too, or are compressed
	result := Result{Name: name, Unit: "B/s", LimitOf: limitCopy, Threads: r.Threads, Detail: funnelOf(m)}
	b.report(result, float64(size), size, work, func() float64 {
		return b.once(float64(size), 0, func() { failed = errors.Join(failed, copyHashed(b.path("limit"), files)) }).rate
	})
	return failed
}

// funnelOf says how much of the input came to the end.
func funnelOf(m *corpus.Manifest) map[string]float64 {
	s := &m.Sources[0]
	return map[string]float64{
		"documents":             float64(s.Funnel.Read.Docs),
		"kept, share of bytes":  float64(s.After.Left.Bytes) / float64(max(s.Funnel.Read.Bytes, 1)),
		"content, MB":           float64(s.Funnel.Read.Bytes) / 1e6,
		"tokens in the shards":  float64(m.Tokens),
		"duplicates, documents": float64(s.After.Gone["exact"].Docs + s.After.Gone["near"].Docs),
	}
}

// inputs are the files of the recipe's source.
func inputs(ctx context.Context, r *corpus.Recipe) (paths []string, err error) {
	var o source.Options
	o.SetDefaults()
	files, err := source.List(ctx, []string{r.Sources[0].Path}, o)
	for _, f := range files {
		paths = append(paths, f.Path)
	}
	return paths, err
}

// copyHashed puts the files into one.
func copyHashed(path string, files []string) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	hash := sha256.New()
	for _, name := range files {
		in, err := os.Open(name)
		if err != nil {
			return errors.Join(err, out.Close())
		}
		_, err = io.Copy(io.MultiWriter(out, hash), in)
		if err = errors.Join(err, in.Close()); err != nil {
			return errors.Join(err, out.Close())
		}
	}
	return errors.Join(out.Sync(), out.Close(), os.Remove(path))
}
