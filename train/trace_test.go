package train

import (
	"os"
	"path/filepath"
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
		if err := d.fill(t.Context(), alone(data), r.Batch, int64(step)*r.Batch.rowsPerStep(), &row); err != nil {
			t.Fatal(err)
		}
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
		got, heldOut := (&leg{steps: r.Steps, batch: r.Batch, feed: alone(data)}).stepsOf(data.set.ID(doc))
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
	if _, err := StepsOf(dir, shard.ID{}); err == nil || !strings.Contains(err.Error(), "not the directory of a run") {
		t.Error(err)
	}
	halfRun(t, r, dir)
	data, err := openData(r.Data.Shards, r, mustHash(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer data.set.Close()
	var row shard.Row
	for step := range r.Steps { // two are done, two are to come
		data.train.Row(int64(step), &row)
		read, err := StepsOf(dir, row.Docs[0].ID)
		if err != nil || read.HeldOut || !slices.Contains(read.Steps, step+1) || read.Done != 2 || read.Total != r.Steps {
			t.Errorf("the document of step %d: %+v, %v", step+1, read, err)
		}
	}
	if read, err := StepsOf(dir, shard.ID{}); err != nil || read.Steps != nil {
		t.Errorf("an unknown document: %+v, %v", read, err)
	}
}

// TestStepsOfRecipe: a recipe alone tells what a run of it will read.
func TestStepsOfRecipe(t *testing.T) {
	r := smallRun(t)
	data, err := openData(r.Data.Shards, r, mustHash(t, r))
	if err != nil {
		t.Fatal(err)
	}
	defer data.set.Close()
	path := filepath.Join(t.TempDir(), "r.yaml")
	text, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	var row shard.Row
	data.train.Row(3, &row)
	read, err := StepsOf(path, row.Docs[0].ID)
	if err != nil || !slices.Contains(read.Steps, 4) || read.Done != 0 || read.Total != 4 || read.Shards != data.set.Manifest().Hash() {
		t.Errorf("%+v, %v", read, err)
	}
}
