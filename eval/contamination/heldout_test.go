package contamination

import (
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
)

// TestHeldOut: what training held out is not what the model has seen, unless a model
// before it was trained on that.
func TestHeldOut(t *testing.T) {
	l := newLab(t)
	const share = 0.5
	check := func(p model.Provenance) (dirty int, documents int64, ids []string) {
		t.Helper()
		f, sheets := l.run()
		err := Check(t.Context(), f, sheets, Options{Model: l.save(t, "run/model", p), Places: []string{l.model}, Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		c := f.Result.Tasks[0].Contamination
		if c == nil {
			t.Fatalf("not checked: %s", f.Result.NotChecked)
		}
		for _, s := range c.Found {
			ids = append(ids, s.Document)
		}
		return c.Dirty, c.Documents, ids
	}
	own := model.Provenance{Corpus: l.manifest.Shards}
	all, documents, ids := check(own)
	if all != len(l.found) || documents != l.manifest.ShardDocs {
		t.Errorf("nothing is held out, and %d items are found in %d documents", all, documents)
	}
	want := 0
	for _, text := range ids {
		id, err := document.ParseID(text)
		if err != nil {
			t.Fatal(err)
		}
		if !shard.HeldOut(shard.ID(id), share) {
			want++
		}
	}
	if want == 0 || want == all {
		t.Fatalf("%d of %d items are in documents that were trained on: nothing to tell apart", want, all)
	}
	own.HeldOut = share
	if n, of, _ := check(own); n != want || of >= documents {
		t.Errorf("%d items are found in %d documents, want %d in fewer than %d", n, of, want, documents)
	}
	own.Parent = hashOf(t, l.model) // which held out nothing
	if n, of, _ := check(own); n != all || of != documents {
		t.Errorf("with a parent that saw all, %d items are found in %d documents", n, of)
	}
}

// TestCommonWords: what is asked about pictures, or made of few words apart from what
// is trained on, is not looked for by its words.
func TestCommonWords(t *testing.T) {
	for name, change := range map[string]func(s *eval.Sheet){
		"images": func(s *eval.Sheet) {
			for k := range s.Items {
				s.Items[k].Images = []string{"data:image/png;base64,iVBORw0KGgo="}
			}
		},
		"problems": func(s *eval.Sheet) {
			own := *s.Task
			own.Data.Generator = "problems"
			s.Task = &own
		},
	} {
		l := newLab(t)
		f, sheets := l.run()
		for i := range sheets {
			change(&sheets[i])
		}
		own := model.Provenance{Corpus: l.manifest.Shards}
		if err := Check(t.Context(), f, sheets, Options{Model: l.save(t, "run/model", own), Places: []string{l.model}, Shared: true}); err != nil {
			t.Fatal(err)
		}
		if c := f.Result.Tasks[0].Contamination; c != nil || !f.Result.Checked {
			t.Errorf("%s: checked %v: %+v", name, f.Result.Checked, c)
		}
	}
}
