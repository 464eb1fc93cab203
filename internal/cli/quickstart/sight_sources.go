package quickstart

import (
	"context"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/shard"
)

// What is drawn of the corpus: lines of code, each by itself.
const (
	leastLine = 3       // bytes
	maxLines  = 1 << 17 // that are chosen from
	// leastTexts is how many documents there are at least among the pictures: whole
	// ones, so that the model sees texts end where they do.
	leastTexts = 16
)

// sources are the texts of the corpus that pictures and what goes with them are made of.
type sources struct {
	lines []string // of documents that the model learned from
	texts []string // such documents
	later []string // others of them
	held  []heldLine
}

// heldLine is a line of a document that was held out.
type heldLine struct{ document, text string }

// readSources goes through the corpus: it takes lines, and documents of so many tokens
// together, at even distances, and others for later.
func (s *session) readSources(ctx context.Context, tokens, later int64) (*sources, error) {
	c, err := corpus.Open(s.path(corpusDir))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	from := &sources{}
	stride := max(s.state.Tokens.Bytes/(maxLines*40), 1) // lines have some 40 bytes
	number := int64(0)
	now, then := s.pick(tokens), s.pick(later)
	used := map[string]int{}
	err = c.Each(ctx, true, func(f *corpus.Found) error {
		if f.Record.Text == "" || f.Gone != "" {
			return nil
		}
		id, err := document.ParseID(f.Record.Text)
		if err != nil {
			return err
		}
		held := shard.HeldOut(id, s.state.Tokens.HeldOut)
		name := ""
		if held {
			name = s.documentName(f, used)
		}
		for line := range strings.Lines(string(f.Text)) {
			line = strings.Join(strings.Fields(line), " ")
			if len(line) < leastLine {
				continue
			}
			number++
			switch {
			case held:
				from.held = append(from.held, heldLine{name, line})
			case number%stride == 0:
				from.lines = append(from.lines, line)
			}
		}
		size := int64(len(f.Text))
		now.passed, then.passed = now.passed+size, then.passed+size
		switch {
		case held:
		case now.takes(size):
			from.texts = append(from.texts, string(f.Text))
		case then.takes(size):
			from.later = append(from.later, string(f.Text))
		}
		return nil
	})
	return from, err
}

// picker takes documents at even distances.
type picker struct {
	all, bytes    int64 // of all documents, and those wanted
	taken, passed int64
}

func (s *session) pick(tokens int64) *picker {
	return &picker{all: s.state.Tokens.Bytes, bytes: int64(float64(tokens) * s.state.Tokens.BytesPerToken)}
}

// takes says whether a document of so many bytes is one of them. It is among those that
// passed already.
func (p *picker) takes(size int64) bool {
	if size > max(p.bytes/leastTexts, 4<<10) || p.taken*p.all >= p.bytes*p.passed {
		return false
	}
	p.taken += size
	return true
}
