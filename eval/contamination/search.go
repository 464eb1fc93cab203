package contamination

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/polymath-lm/polymath/corpus"
	"github.com/polymath-lm/polymath/corpus/decontaminate"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/shard"
)

// target is a text of a set that a rule found.
type target struct {
	set  string
	item int // the number of the text in its set
	rule string
}

// place is the first document of a link that holds a target.
type place struct {
	link int
	doc  int64
	// id and origin are known when the search is over.
	id, origin string
}

// search looks for texts through all links.
type search struct {
	items *decontaminate.T
	links []Link
	found map[target]place
	// documents is how many were looked through.
	documents int64
}

// chunk is how many documents a worker takes at a time.
const chunk = 32

func (s *search) run(ctx context.Context, progress func(done, all int64)) error {
	sets := make([]*shard.Set, len(s.links))
	defer func() {
		for _, set := range sets {
			if set != nil {
				_ = set.Close() // it was only read
			}
		}
	}()
	all := int64(0)
	for i := range s.links {
		set, err := shard.OpenSet(s.links[i].Shards)
		if err != nil {
			return err
		}
		sets[i] = set
		if hash := set.Manifest().Hash(); hash != s.links[i].Hash {
			return fmt.Errorf("%s was replaced: it has hash %s and had %s", s.links[i].Shards, hash, s.links[i].Hash)
		}
		all += set.NumDocs()
	}
	before := int64(0)
	for i, set := range sets {
		if err := s.through(ctx, i, set, func(done int64) {
			if progress != nil {
				progress(before+done, all)
			}
		}); err != nil {
			return err
		}
		before += set.NumDocs()
	}
	return s.locate(ctx, sets)
}

// through looks for the texts in all documents of a set. Which document is the
// first does not depend on which worker comes to it when.
func (s *search) through(ctx context.Context, link int, set *shard.Set, done func(int64)) error {
	var next, finished atomic.Int64
	var running sync.WaitGroup
	var mu sync.Mutex
	for range runtime.GOMAXPROCS(0) {
		running.Go(func() {
			w := &worker{Worker: s.items.NewWorker(), first: map[target]int64{}}
			looked := int64(0)
			for ctx.Err() == nil {
				at := next.Add(chunk) - chunk
				if at >= set.NumDocs() {
					break
				}
				end := min(at+chunk, set.NumDocs())
				for doc := at; doc < end; doc++ {
					if !shard.HeldOut(set.ID(doc), s.links[link].HeldOut) {
						w.look(&s.links[link], set, doc)
						looked++
					}
				}
				mu.Lock()
				done(finished.Add(end - at))
				mu.Unlock()
			}
			mu.Lock()
			defer mu.Unlock()
			s.documents += looked
			for t, doc := range w.first {
				if p, ok := s.found[t]; !ok || p.link == link && doc < p.doc {
					s.found[t] = place{link: link, doc: doc}
				}
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// worker looks through documents, one at a time.
type worker struct {
	*decontaminate.Worker
	first map[target]int64
	doc   document.Document
	ids   []int32
	text  []byte
	hits  []document.Hit
}

func (w *worker) look(l *Link, set *shard.Set, doc int64) {
	w.ids = set.Doc(w.ids[:0], doc)
	w.text = l.text.AppendDecode(w.text[:0], w.ids)
	w.doc.Reset(w.text)
	w.hits = w.Find(w.hits[:0], &w.doc)
	for _, h := range w.hits {
		t := target{h.Set, h.Item, h.Rule}
		if at, ok := w.first[t]; !ok || doc < at {
			w.first[t] = doc
		}
	}
}

// locate names the documents that were found, and where the corpora have them from.
func (s *search) locate(ctx context.Context, sets []*shard.Set) error {
	wanted := make([]map[string]string, len(s.links)) // by link, from id to origin
	for i := range wanted {
		wanted[i] = map[string]string{}
	}
	for t, p := range s.found {
		p.id = document.FormatID(sets[p.link].ID(p.doc))
		wanted[p.link][p.id] = ""
		s.found[t] = p
	}
	for i := range s.links {
		if err := originsOf(ctx, s.links[i].Corpus, wanted[i]); err != nil {
			return err
		}
	}
	for t, p := range s.found {
		p.origin = wanted[p.link][p.id]
		if p.origin == "" {
			l := &s.links[p.link]
			p.origin = fmt.Sprintf("%s, document %d", orElse(l.Conversations, l.Shards), p.doc)
		}
		s.found[t] = p
	}
	return nil
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// originsOf fills in where the corpus has the documents with these ids from: the
// first of several.
func originsOf(ctx context.Context, dir string, origins map[string]string) error {
	if dir == "" || len(origins) == 0 {
		return nil
	}
	c, err := corpus.Open(dir)
	if err != nil {
		return nil // its records were removed: the shards are enough to search
	}
	defer c.Close()
	return c.Each(ctx, false, func(d *corpus.Found) error {
		if d.Gone != "" || !d.Record.Kept() {
			return nil
		}
		if origin, ok := origins[d.Record.Text]; ok && origin == "" {
			origins[d.Record.Text] = fmt.Sprintf("%s#%d", d.Record.Origin.File, d.Record.Origin.Record)
		}
		return nil
	})
}
