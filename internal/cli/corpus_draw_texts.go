package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/cli/progress"
)

// Lines of documents that are rendered: those of a few characters say nothing,
// and more than so many are not kept.
const (
	leastTextLine = 4
	mostTextLines = 1 << 20
)

// drawTexts reads the lines that are rendered, each once, in their own order, so
// that they are the same in whatever order the files are read.
func (a *app) drawTexts(ctx context.Context, o drawFlags) ([]string, error) {
	source := corpus.Source{Paths: o.texts, TextField: o.textField}
	lines := drawLines{most: mostTextLines, seen: map[string]bool{}}
	r, err := source.Each(ctx, func(d *document.Document) error {
		for line := range strings.Lines(string(d.Text())) {
			line = strings.Join(strings.Fields(line), " ")
			if len([]rune(line)) >= leastTextLine {
				lines.add(line)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("--text: %w", err)
	}
	if r.Left > 0 {
		fmt.Fprintf(a.Err, "--text: %s of %s records are left out; the first: %s\n", progress.Count(r.Left), progress.Count(r.Records), progress.Visible(r.Why))
	}
	if len(lines.seen) == 0 {
		return nil, fmt.Errorf("--text: %s: no line has %d characters", strings.Join(o.texts, ", "), leastTextLine)
	}
	texts := lines.list()
	if lines.more {
		fmt.Fprintf(a.Err, "--text: there are more than %s different lines: so many are rendered, chosen by their hashes\n", progress.Count(mostTextLines))
	}
	return texts, nil
}

// drawLines keeps most lines: those with the smallest hashes, in whatever order they come.
type drawLines struct {
	most int
	seen map[string]bool
	more bool // than most were seen
}

func (l *drawLines) add(line string) {
	l.seen[line] = true
	if len(l.seen) >= 2*l.most {
		l.prune()
	}
}

// prune leaves out what is too many.
func (l *drawLines) prune() {
	if len(l.seen) <= l.most {
		return
	}
	l.more = true
	type hashed struct {
		hash [sha256.Size]byte
		line string
	}
	all := make([]hashed, 0, len(l.seen))
	for line := range l.seen {
		all = append(all, hashed{sha256.Sum256([]byte(line)), line})
	}
	slices.SortFunc(all, func(a, b hashed) int { return bytes.Compare(a.hash[:], b.hash[:]) })
	for _, x := range all[l.most:] {
		delete(l.seen, x.line)
	}
}

// list is the lines in their order.
func (l *drawLines) list() []string {
	l.prune()
	texts := make([]string, 0, len(l.seen))
	for line := range l.seen {
		texts = append(texts, line)
	}
	slices.Sort(texts)
	return texts
}
