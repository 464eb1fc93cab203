package quickstart

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/cli/progress"
	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/shard"
)

// found is the text that there is.
type found struct {
	source  corpus.SourceReport
	held    heldOut
	leftOut string
}

func (f *found) bytes() int64   { return f.source.After.Left.Bytes }
func (f *found) documents() int { return int(f.source.After.Left.Docs) }

// ErrNoText is wrapped by errors about places without any text.
var ErrNoText = errors.New("no text found")

// readText reads what the draft says, again in parts where there is little to
// hold out.
func (s *session) readText(ctx context.Context, d *Draft) (*found, error) {
	for {
		f, err := s.readOnce(ctx, d)
		if err != nil {
			return nil, err
		}
		if f.documents() >= wholeFiles || d.Part > 0 || f.bytes() == 0 {
			return f, s.enough(d.Root, f.bytes(), f.leftOut, f.source.Files)
		}
		d.divide(f.bytes())
	}
}

func (s *session) readOnce(ctx context.Context, d *Draft) (*found, error) {
	_, r, err := s.corpusRecipe(d)
	if err != nil {
		return nil, err
	}
	f, o := &found{}, s.corpusOptions()
	count := func(id document.ID, _ int64) error {
		f.held.add(id)
		return nil
	}
	sources, err := corpus.Read(ctx, r, o, count)
	var changed *corpus.ChangedError
	if errors.As(err, &changed) { // it was begun with another draft
		o.Fresh, f.held = true, heldOut{}
		sources, err = corpus.Read(ctx, r, o, count)
	}
	if err != nil {
		return nil, plain(err)
	}
	f.source, f.leftOut = sources[0], leftOut(&sources[0])
	return f, nil
}

// plain is an error without the place in a recipe that the user did not write.
func plain(err error) error {
	var at *recipe.Error
	if errors.As(err, &at) {
		_, problem, found := strings.Cut(at.Problem, "source text: ")
		if !found {
			problem = at.Problem
		}
		return fmt.Errorf("reading text: %s", problem)
	}
	return err
}

// enough reports an error where there is too little text.
func (s *session) enough(root string, bytes int64, leftOut string, files int64) error {
	switch {
	case bytes == 0:
		return fmt.Errorf("%w in %s: it has %d files (left out: %s)", ErrNoText, root, files, leftOut)
	case bytes < minText:
		return fmt.Errorf("%s has too little text: %s (left out: %s), and a model needs %s at least",
			root, progress.Bytes(bytes), leftOut, progress.Bytes(minText))
	}
	return nil
}

// corpusOptions say how a corpus is built, and show it.
func (s *session) corpusOptions() corpus.Options {
	return corpus.Options{Version: s.Version, Observe: s.showCorpus, Notice: func(text string) { s.say("%s", text) }}
}

// stageWords are the stages that take time.
var stageWords = map[string]string{"ingest": "reading text", "tokenizer": "tokenizer", "pack": "encoding", "shards": "encoding"}

func (s *session) showCorpus(p corpus.Progress) {
	words := stageWords[p.Stage]
	if words == "" {
		words = p.Stage
	}
	line := fmt.Sprintf("  %-12s %s", words, progress.Bar(p.Share, 30))
	if p.Stage == "ingest" {
		line += fmt.Sprintf(" %s of text in %s documents", progress.Bytes(p.Text), progress.Count(p.Kept))
	}
	s.Screen.Show(line)
}

// build makes the corpus of the draft, beside its recipe.
func (s *session) build(ctx context.Context, d *Draft) (*corpus.Manifest, error) {
	text, r, err := s.corpusRecipe(d)
	if err != nil {
		return nil, err
	}
	m, err := corpus.Build(ctx, r, s.corpusOptions())
	if err != nil {
		return nil, plain(err)
	}
	_, err = atomicfile.WriteBytes(s.path(corpusDir, recipeName), text)
	return m, err
}

// leftWords are what is said of documents that a step dropped, by step and rule.
var leftWords = map[string]string{
	"code/generated": "generated", "code/table": "tables of numbers", "code/minified": "minified", "code/vendored": "vendored", "code/long_lines": "with overlong lines",
	"extract/binary": "binary", "extract/empty": "empty", "extract/no_text": "pictures of text", "extract/encrypted": "encrypted", "extract/too_large": "too large",
}

// skippedWords are what is said of records that were skipped, by reason.
var skippedWords = map[string]string{"no known format": "binary", "empty file": "empty"}

// leftOut lists what was left out of a source, such as "3 empty, 12 binary".
func leftOut(r *corpus.SourceReport) string {
	counts := map[string]int64{}
	add := func(words map[string]string, reason string, n int64) {
		if word := words[reason]; word != "" {
			reason = word
		}
		counts[reason] += n
	}
	for reason, n := range r.Funnel.Skipped {
		add(skippedWords, reason, n)
	}
	for step, rules := range r.Funnel.Dropped {
		for rule, c := range rules {
			add(leftWords, step+"/"+rule, c.Docs)
		}
	}
	for _, c := range r.After.Gone {
		counts["duplicate"] += c.Docs
	}
	counts["unreadable"] += r.Funnel.Bad.Docs
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[reason]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, reason))
		}
	}
	if r.Unread > 0 {
		parts = append(parts, fmt.Sprintf("%d files more than needed", r.Unread))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// heldOutShare is the share of the documents that neither the tokenizer nor the
// model learns from.
const heldOutShare = 0.05

// heldOut counts the documents that shares hold out: the multiples of
// heldOutShare.
type heldOut struct {
	all  int
	held [19]int
}

func (h *heldOut) share(i int) float64 { return heldOutShare * float64(i+1) }

func (h *heldOut) add(id shard.ID) {
	h.all++
	for i := range h.held {
		if shard.HeldOut(id, h.share(i)) {
			h.held[i]++
		}
	}
}

// choose returns heldOutShare or, of few documents, a larger share, so that there
// are some on both sides.
func (h *heldOut) choose() (float64, error) {
	for i, n := range h.held {
		if n > 0 && n < h.all {
			return h.share(i), nil
		}
	}
	return 0, fmt.Errorf("there are too few documents to hold one out: %d; add files, or give the text as .txt, which is cut into parts", h.all)
}
