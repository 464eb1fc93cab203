package shard

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sort"
	"sync"

	"github.com/polymath-lm/polymath/tensor"
)

// Location is the place of a document in a set.
type Location struct {
	// File is the name of the file, and Doc the number of the document in it.
	File string `json:"file"`
	Doc  int64  `json:"document"`
	// Number is that in the whole set, and Stage the name of the stage that it
	// belongs to, if the set has stages.
	Number int64  `json:"number"`
	Stage  string `json:"stage,omitempty"`
	// Tokens is the length of the document.
	Tokens int64 `json:"tokens"`
}

// Locate returns the places in the set in dir of the documents with that name,
// in order; a text that was added several times has as many. It reads the lists
// of names alone and verifies no hash.
func Locate(ctx context.Context, dir string, id ID) ([]Location, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	found := make([][]Location, len(m.Files))
	errs := make([]error, len(m.Files))
	var running sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range m.Files {
		slots <- struct{}{}
		running.Go(func() {
			if errs[i] = context.Cause(ctx); errs[i] == nil {
				found[i], errs[i] = locate(dir, m.Files[i].Name, id)
			}
			<-slots
		})
	}
	running.Wait()
	var all []Location
	bounds, before := m.stages(), int64(0)
	for i, list := range found {
		if errs[i] != nil {
			return nil, errs[i]
		}
		for _, l := range list {
			l.Number = before + l.Doc
			if m.Stages != nil {
				l.Stage = m.Stages[sort.Search(len(m.Stages)-1, func(s int) bool { return bounds[s+1] > l.Number })].Name
			}
			all = append(all, l)
		}
		before += m.Files[i].Docs
	}
	return all, nil
}

// locate looks through the names of one file.
func locate(dir, name string, id ID) ([]Location, error) {
	path := filepath.Join(dir, name)
	m, err := tensor.Map(path)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	b := m.Bytes()
	_, l, err := shapeOf(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	starts, ids := tensor.View[uint64](b[l.offsets:l.ids]), b[l.ids:l.trailer]
	var found []Location
	for doc := range l.docs {
		if bytes.Equal(ids[doc*int64(len(id)):(doc+1)*int64(len(id))], id[:]) {
			found = append(found, Location{File: name, Doc: doc, Tokens: int64(starts[doc+1] - starts[doc])})
		}
	}
	return found, nil
}
