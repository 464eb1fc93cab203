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

// Reading is when a run reads a document.
type Reading struct {
	// Steps are the steps that read some of it, ascending, to the end of the run.
	Steps []int `json:"steps"`
	// HeldOut says that the run keeps the document for measuring, so that no step
	// reads it.
	HeldOut bool `json:"held_out"`
	// Done is the number of steps that the run has done, and Total that which it
	// will have.
	Done  int `json:"done"`
	Total int `json:"total"`
	// Shards is the hash of the shards that the run reads.
	Shards string `json:"shards_sha256"`
}

// StepsOf answers which steps of a run read the document with that name, the
// first half of its text's SHA-256. run is the directory of a run, or the recipe of
// one that has not begun. A document that is not in the shards has no steps. It
// reads the shards, which must still be where the recipe says.
func StepsOf(run string, id shard.ID) (*Reading, error) {
	info, done, err := openRun(run)
	if err != nil {
		return nil, err
	}
	dir, hash := info.Recipe.Data.Shards, info.Hashes.Tokenizer
	if len(info.Recipe.Data.Conversations) > 0 {
		dir = filepath.Join(run, dataDir)
	}
	if hash == "" {
		set, err := shard.ReadManifest(dir)
		if err != nil {
			return nil, err
		}
		hash = set.TokenizerHash
	}
	data, err := openData(dir, info.Recipe, hash)
	if err != nil {
		return nil, err
	}
	defer data.set.Close()
	places := map[string]string{}
	for _, k := range info.Recipe.talks() {
		places[k.dir] = filepath.Join(run, k.dir)
	}
	feeds, err := openFeeds(info.Recipe, data, hash, places)
	if err != nil {
		return nil, err
	}
	for set := range addedSets(feeds) {
		defer set.Close()
	}
	r := &Reading{Done: done, Total: info.Steps, Shards: data.set.Manifest().Hash()}
	if info.Hashes.Corpus != "" && r.Shards != info.Hashes.Corpus {
		return nil, fmt.Errorf("%s: the shards in %s have hash %s, and the run was trained on %s", run, dir, r.Shards, info.Hashes.Corpus)
	}
	if stages := stageHashes(feeds); info.Hashes.Corpus != "" && !slices.Equal(stages, info.Hashes.Stages) {
		return nil, fmt.Errorf("%s: the shards of its stages have the hashes %v, and the run was trained on %v", run, stages, info.Hashes.Stages)
	}
	if r.Total == 0 {
		r.Total = info.Recipe.stepsFor(data.train.Rows())
	}
	for _, l := range legsOf(info.Recipe, feeds, max(r.Total, done)) {
		steps, heldOut := l.stepsOf(id)
		r.Steps, r.HeldOut = append(r.Steps, steps...), r.HeldOut || heldOut
	}
	return r, nil
}

// Sources is what the recipe of a run says of where its data and first weights are.
// Paths are as the recipe has them: relative to where the run was started.
type Sources struct {
	// Shards is the directory of the shards that the run reads; of conversations
	// that in the run's own directory.
	Shards string
	// Stages are those that stages read besides.
	Stages []string
	// Conversations are the files that the shards were made of, with commas between
	// them, or "".
	Conversations string
	// Model is the model that the run goes on from, "" for a new one, and Tokenizer
	// the path of the tokenizer, "" for that of Model.
	Model, Tokenizer string
}

// SourcesOf reads where the run in that directory has its data from. A directory
// that is none of a run gives an error that wraps fs.ErrNotExist.
func SourcesOf(run string) (*Sources, error) {
	if _, err := os.Stat(filepath.Join(run, infoFile)); err != nil {
		return nil, err
	}
	info, err := readInfo(run)
	if err != nil {
		return nil, err
	}
	r := info.Recipe
	s := &Sources{Shards: r.Data.Shards, Conversations: r.Data.Conversations.String(), Model: r.Model.From, Tokenizer: r.Tokenizer}
	for i := range r.Stages {
		for _, from := range r.reads(i) {
			dir := from.Shards
			if len(from.Conversations) > 0 {
				dir = filepath.Join(run, r.talkDir(from.Conversations, r.batchOf(i).Sequence))
			}
			if dir != "" { // or it is the recipe's data
				s.Stages = append(s.Stages, dir)
			}
		}
	}
	if s.Conversations != "" {
		s.Shards = filepath.Join(run, dataDir)
	}
	return s, nil
}

// openRun reads what a run is and how many steps it has done; of a recipe it is
// none.
func openRun(path string) (info *runInfo, done int, err error) {
	if stat, err := os.Stat(path); err == nil && !stat.IsDir() {
		r, err := ReadRecipe(path)
		if err != nil {
			return nil, 0, err
		}
		if len(r.talks()) > 0 {
			return nil, 0, fmt.Errorf("%s: the recipe reads conversations, of which a run makes shards: give the run's directory", path)
		}
		return &runInfo{Recipe: r}, 0, nil
	}
	file := filepath.Join(path, infoFile)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fmt.Errorf("%s is not the directory of a run: it has no %s", path, infoFile)
	}
	if info, err = readInfo(path); err != nil {
		return nil, 0, err
	}
	if err := info.Recipe.Validate(); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", file, err)
	}
	records, err := ReadMetrics(path)
	return info, lastStep(records), err
}

// lastStep is the last step that the records tell of.
func lastStep(records []Record) int {
	last := 0
	for _, r := range records {
		last = max(last, r.Step)
	}
	return last
}

// stepsOf lists the steps of the stage that read the document.
func (l *leg) stepsOf(id shard.ID) (steps []int, heldOut bool) {
	last := l.rowAfter(l.end())
	for source, d := range l.feed.sources {
		for _, doc := range d.set.Find(id) {
			if !d.trainSet.Holds(doc) {
				return nil, true
			}
			var rows []int64
			for epoch, read := int64(0), l.feed.count(source, last); epoch*d.train.Rows() < read; epoch++ {
				rows = d.train.RowsOf(rows, doc, epoch)
			}
			for _, at := range rows {
				if row := l.feed.number(source, at); row >= l.row && row < last {
					steps = append(steps, l.first+int((row-l.row)/l.batch.rowsPerStep())+1)
				}
			}
		}
	}
	slices.Sort(steps)
	return slices.Compact(steps), false
}
