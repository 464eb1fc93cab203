package cli

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/cli/quickstart"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/train/conversation"
)

// readTexts reads the text below paths, each text once, and says on a.Err what it
// left out. A file of conversations has its messages for texts. raw takes files for text as they are, whatever their names say.
func (a *app) readTexts(ctx context.Context, paths []string, raw bool) ([][]byte, error) {
	var texts [][]byte
	for _, path := range paths {
		src := &corpus.Source{Path: path, Mixed: true}
		if raw {
			src.Format = reader.Text
		}
		found, read, err := eachText(ctx, src)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 && !raw {
			if found = conversationTexts(path); len(found) > 0 {
				read.Left = 0 // as a corpus they had no text; as conversations all of it was read
			}
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%w in %s: %d left out, such as %s", quickstart.ErrNoText, path, read.Left, cmp.Or(read.Why, "texts that are blank"))
		}
		if read.Left > 0 {
			fmt.Fprintf(a.Err, "%s: left out %s, such as %s\n", path, progress.Count(read.Left), read.Why)
		}
		texts = append(texts, found...)
	}
	return texts, nil
}

// conversationTexts are the messages of a file of conversations, each once; none
// of what is no such file.
func conversationTexts(path string) (texts [][]byte) {
	if ext := filepath.Ext(path); ext != ".jsonl" && ext != ".json" {
		return nil
	}
	seen := map[document.ID]bool{}
	err := conversation.Texts(path, func(text []byte) error {
		if id := document.NewID(text); !seen[id] {
			seen[id] = true
			texts = append(texts, text)
		}
		return nil
	})
	if err != nil {
		return nil
	}
	return texts
}

// partBytes is the size of the parts of long texts where there must be several.
const partBytes = 256 << 10

// sampleTexts reads about limit bytes of the text at path, or without one of the
// Go toolchain's, in parts.
func sampleTexts(ctx context.Context, path string, limit int64) ([][]byte, error) {
	src := &corpus.Source{Path: path, Mixed: true}
	if path == "" {
		var err error
		if src, err = quickstart.GoSource(ctx); err != nil {
			return nil, err
		}
	}
	src.Sample, src.Part = recipe.Bytes(limit), partBytes
	texts, _, err := eachText(ctx, src)
	if err == nil && len(texts) == 0 {
		err = fmt.Errorf("%w in %s", quickstart.ErrNoText, path)
	}
	return texts, err
}

// eachText gathers the texts of a source, each once, and none that are blank.
func eachText(ctx context.Context, src *corpus.Source) ([][]byte, *corpus.TextsRead, error) {
	var texts [][]byte
	seen := map[document.ID]bool{}
	read, err := src.Each(ctx, func(d *document.Document) error {
		if id := document.NewID(d.Text()); !seen[id] && len(bytes.TrimSpace(d.Text())) > 0 {
			seen[id] = true
			texts = append(texts, slices.Clone(d.Text()))
		}
		return nil
	})
	return texts, read, err
}

// totalBytes is the length of all texts.
func totalBytes(texts [][]byte) (n int64) {
	for _, t := range texts {
		n += int64(len(t))
	}
	return n
}
