package train

import (
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/shard"
)

// TestStepsOf finds the steps of each document and compares with the rows that
// the steps say they read.
func TestStepsOf(t *testing.T) {
	r := smallRun(t)
	r.Steps = 300 // more than an epoch
	data, err := openData(r.Data.Shards, r, mustHash(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer data.set.Close()
	want := map[int64][]int{}
	var row shard.Row
	for step := range r.Steps {
		var d stepData
		d.micro = make([]microbatch, r.Microbatches())
		d.fill(data.train, r.Batch, int64(step)*r.Batch.rowsPerStep(), &row)
		for at := d.rows[0]; at < d.rows[1]; at++ {
			data.train.Row(at, &row)
			for _, doc := range row.Docs {
				if doc.Doc >= 0 && !slices.Contains(want[doc.Doc], step+1) {
					want[doc.Doc] = append(want[doc.Doc], step+1)
				}
			}
		}
	}
	held := 0
	for doc := range data.set.NumDocs() {
		got, heldOut := data.stepsOf(data.set.ID(doc), r.Batch, r.Steps)
		if heldOut {
			held++
		}
		if heldOut != !data.trainSet.Holds(doc) || !slices.Equal(got, want[doc]) {
			t.Errorf("document %d: steps %v, held out %v, want %v", doc, got, heldOut, want[doc])
		}
	}
	if held == 0 {
		t.Error("no document is held out")
	}
}

func mustHash(t *testing.T, r *Recipe) string {
	t.Helper()
	trainer, err := New(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	return trainer.hashes.Tokenizer
}

func TestStepsOfRun(t *testing.T) {
	r := smallRun(t)
	dir := t.TempDir()
	if _, _, err := StepsOf(dir, shard.ID{}); err == nil || !strings.Contains(err.Error(), "not the directory of a run") {
		t.Error(err)
	}
	mustRun(t, r, Options{RunDir: dir})
	data, err := openData(r.Data.Shards, r, mustHash(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer data.set.Close()
	var row shard.Row
	data.train.Row(0, &row)
	steps, heldOut, err := StepsOf(dir, row.Docs[0].ID)
	if err != nil || heldOut || !slices.Contains(steps, 1) {
		t.Errorf("the first row's document: steps %v, held out %v, %v", steps, heldOut, err)
	}
	if steps, _, err := StepsOf(dir, shard.ID{}); err != nil || steps != nil {
		t.Errorf("an unknown document: %v, %v", steps, err)
	}
}
