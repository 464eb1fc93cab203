package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/shard"
)

// StepsOf answers which steps of a run read the document with that name, the
// first half of its text's SHA-256. heldOut is true for a document that the
// run keeps for measuring: it has no steps, and neither has one that is not in
// the shards. It reads the shards, which must still be where the recipe says,
// and counts the steps that the run has done so far.
func StepsOf(runDir string, id shard.ID) (steps []int, heldOut bool, err error) {
	path := filepath.Join(runDir, infoFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, false, fmt.Errorf("%s is not the directory of a run: it has no %s", runDir, infoFile)
	}
	info, err := readInfo(runDir)
	if err != nil {
		return nil, false, err
	}
	if err := info.Recipe.Validate(); err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	records, err := ReadMetrics(runDir)
	if err != nil {
		return nil, false, err
	}
	dir := info.Recipe.Data.Shards
	if info.Recipe.Data.Conversations != "" {
		dir = filepath.Join(runDir, dataDir)
	}
	data, err := openData(dir, info.Recipe, info.Hashes.Tokenizer)
	if err != nil {
		return nil, false, err
	}
	defer data.set.Close()
	if hash := data.set.Manifest().Hash(); hash != info.Hashes.Corpus {
		return nil, false, fmt.Errorf("%s: the shards in %s have hash %s, and the run was trained on %s", runDir, dir, hash, info.Hashes.Corpus)
	}
	steps, heldOut = data.stepsOf(id, info.Recipe.Batch, lastStep(records))
	return steps, heldOut, nil
}

// lastStep is the last step that the records tell of.
func lastStep(records []Record) int {
	last := 0
	for _, r := range records {
		last = max(last, r.Step)
	}
	return last
}

// stepsOf lists the steps up to last that read the document.
func (d *dataset) stepsOf(id shard.ID, b BatchSpec, last int) (steps []int, heldOut bool) {
	read := int64(last) * b.rowsPerStep()
	for _, doc := range d.set.Find(id) {
		if !d.trainSet.Holds(doc) {
			return nil, true
		}
		var rows []int64
		for epoch := int64(0); epoch*d.train.Rows() < read; epoch++ {
			rows = d.train.RowsOf(rows, doc, epoch)
		}
		for _, row := range rows {
			if row < read {
				steps = append(steps, int(row/b.rowsPerStep())+1)
			}
		}
	}
	slices.Sort(steps)
	return slices.Compact(steps), false
}
