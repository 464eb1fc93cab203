package contamination

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train"
)

// TestHeldOut: what the run held out is not what the model has seen, where the run's
// recipe is the one that the model names, and only then.
func TestHeldOut(t *testing.T) {
	l := newLab(t)
	const share = 0.5
	r := train.DefaultRecipe()
	r.Data.Shards, r.Data.HeldOut = filepath.Join(l.dir, "corpus", "shards"), share
	info, err := json.Marshal(map[string]any{"recipe": r})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(l.dir, "run", "run.json"), string(info))
	check := func(p model.Provenance) (dirty int, documents int64, ids []string) {
		t.Helper()
		f, sheets := l.run()
		if err := Check(t.Context(), f, sheets, Options{Model: l.save(t, "run/model", p)}); err != nil {
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
	own := model.Provenance{Corpus: l.manifest.Shards, Recipe: r.Hash()}
	other, changed := own, own
	other.Recipe = "of another run"
	changed.Recipes = []model.RecipeFrom{{Step: 1, Recipe: "before"}, {Step: 5, Recipe: own.Recipe}}
	all, documents, ids := check(other)
	if all != len(l.found) || documents != l.manifest.ShardDocs {
		t.Errorf("by another recipe %d items are found in %d documents", all, documents)
	}
	if n, of, _ := check(changed); n != all || of != documents {
		t.Errorf("by a recipe that was changed %d items are found in %d documents", n, of)
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
	if n, of, _ := check(own); n != want || of >= documents {
		t.Errorf("%d items are found in %d documents, want %d in fewer than %d", n, of, want, documents)
	}
}
