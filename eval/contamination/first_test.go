package contamination

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
)

// TestFirstDocument: of many documents that hold an item the first is named, whichever
// worker comes to which.
func TestFirstDocument(t *testing.T) {
	l := &lab{dir: t.TempDir(), planted: plant()}
	question := text(invent(2, 28)) // of the item "exact"
	var documents []string
	for i := range uint64(300) {
		documents = append(documents, text(invent(2000+2*i, 60))+"\n"+question+"\n"+text(invent(2001+2*i, 60)))
	}
	l.manifest = l.build(t, "corpus", documents)
	l.model = l.save(t, "models/base", model.Provenance{Corpus: l.manifest.Shards})
	set, err := shard.OpenSet(filepath.Join(l.dir, "corpus", "shards"))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if set.NumDocs() < 200 {
		t.Fatalf("%d documents", set.NumDocs())
	}
	want := document.FormatID(set.ID(0))
	for range 5 {
		f, sheets := l.run()
		if err := Check(t.Context(), f, sheets, Options{Model: l.model}); err != nil {
			t.Fatal(err)
		}
		c := f.Result.Tasks[0].Contamination
		if len(c.Found) != 1 || c.Found[0].Item != "exact" || c.Found[0].Document != want {
			t.Fatalf("%s, want %s", fmt.Sprintf("%+v", c.Found), want)
		}
	}
}
