package quickstart

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/suite"
)

// taskFiles are the tasks' own files, beside which their questions are written: other
// models can be examined by the same.
//
//go:embed tasks/*.yaml
var taskFiles embed.FS

// questionKinds are the tasks, and what makes their questions of documents.
var questionKinds = []struct {
	name string
	make func(documents []suite.Document, shown, n int, seed uint64) []task.Row
}{
	{"next_line", suite.NextLines},
	{"word_order", suite.WordOrders},
}

const (
	// mostQuestions of each task give intervals of some 4 points to each side,
	// leastQuestions of some 10. A task of fewer than tooFew says nothing.
	mostQuestions  = 500
	leastQuestions = 100
	tooFew         = 20
	questionSeed   = 1
)

// makeQuestions writes the tasks with all their questions, and loads them. A task for
// which the documents have nothing to ask about is skipped.
func (s *session) makeQuestions(ctx context.Context) ([]*task.Task, error) {
	documents, err := s.heldOutDocuments(ctx)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.path(examDir), 0o777); err != nil {
		return nil, err
	}
	var tasks []*task.Task
	for _, kind := range questionKinds {
		rows := kind.make(documents, s.shown(), mostQuestions, questionSeed)
		if len(rows) < tooFew {
			s.skip(kind.name, fmt.Sprintf("the held-out documents give %d questions, and %d are the least", len(rows), tooFew))
			continue
		}
		t, err := s.writeTask(kind.name, rows)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// shown is how many bytes stand before what is asked: with that they are about as many
// tokens as the model learned to look back on.
func (s *session) shown() int {
	const share = 0.7
	return int(share * float64(s.state.Tokens.Shape.Sequence) * s.state.Tokens.BytesPerToken)
}

func (s *session) writeTask(name string, rows []task.Row) (*task.Task, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, row := range rows {
		if err := e.Encode(row); err != nil {
			return nil, err
		}
	}
	if _, err := atomicfile.WriteBytes(s.path(examDir, name+".jsonl"), b.Bytes()); err != nil {
		return nil, err
	}
	source, err := taskFiles.ReadFile("tasks/" + name + ".yaml")
	if err != nil {
		return nil, err
	}
	path := s.path(examDir, name+".yaml")
	if _, err := atomicfile.WriteBytes(path, source); err != nil {
		return nil, err
	}
	return task.ReadFile(path)
}

// heldOutDocuments are those that neither the tokenizer nor the model learned from.
func (s *session) heldOutDocuments(ctx context.Context) ([]suite.Document, error) {
	c, err := corpus.Open(s.path(corpusDir))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var documents []suite.Document
	used := map[string]int{}
	err = c.Each(ctx, true, func(f *corpus.Found) error {
		if f.Record.Text == "" || f.Gone != "" {
			return nil
		}
		id, err := document.ParseID(f.Record.Text)
		if err != nil || !shard.HeldOut(id, s.state.Tokens.HeldOut) {
			return err
		}
		documents = append(documents, suite.Document{Name: s.documentName(f, used), Text: string(f.Text)})
		return nil
	})
	return documents, err
}

// documentName is the document's file below the text's root; a number tells the
// documents of one file apart.
func (s *session) documentName(f *corpus.Found, used map[string]int) string {
	name := f.Record.Origin.File
	if below, err := filepath.Rel(s.state.Tokens.Root, name); err == nil && filepath.IsLocal(below) && below != "." {
		name = filepath.ToSlash(below)
	}
	used[name]++
	if n := used[name]; n > 1 {
		name += " " + strconv.Itoa(n)
	}
	return name
}

// load makes a sheet of each task, with at most so many questions, the same ones each
// time.
func load(tasks []*task.Task, settings eval.Settings) ([]eval.Sheet, error) {
	var sheets []eval.Sheet
	for _, t := range tasks {
		items, err := t.Load(task.LoadOptions{Limit: settings.Limit, Shots: settings.Shots, Seed: settings.Seed})
		if err != nil {
			return nil, err
		}
		sheets = append(sheets, eval.Sheet{Task: t, Items: items, Hash: t.Hash(items)})
	}
	return sheets, nil
}

// kindNames lists the tasks.
func kindNames() string {
	var names []string
	for _, kind := range questionKinds {
		names = append(names, kind.name)
	}
	return strings.Join(names, ", ")
}
