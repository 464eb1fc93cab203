package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/train/checkpoint"
	"github.com/polymath-lm/polymath/train/conversation"
)

// dataDir is where a run keeps the shards of its conversations; those of stages are
// beside it, with a number.
const dataDir = "data"

// reportFile is beside these shards: of what they were made, and what became of
// each object.
const reportFile = "report.json"

// prepared is reportFile.
type prepared struct {
	Source  dataSource          `json:"source"`
	Report  conversation.Report `json:"report"`
	Version int                 `json:"version"`
}

// preparedVersion is the version of how conversations become shards.
const preparedVersion = 1

// dataSource is all that shards of conversations are a function of.
type dataSource struct {
	File      string  `json:"file_sha256"`
	Tokenizer string  `json:"tokenizer_sha256"`
	Template  string  `json:"template_sha256"`
	Begin     []int32 `json:"begin"`
	End       int32   `json:"end"`
	Sequence  int     `json:"sequence"`
	TooLong   string  `json:"too_long"`
	SkipBad   bool    `json:"skip_bad"`
	Pictures  *layout `json:"pictures,omitempty"`
}

// layout is what of a tower decides how many tokens a picture takes.
type layout struct {
	ImageToken int `json:"image_token"`
	ImageSize  int `json:"image_size"`
	PatchSize  int `json:"patch_size"`
	Box        int `json:"image_box"`
	Short      int `json:"image_short"`
}

// hashFiles is the hash of a file's content, or of those of several.
func hashFiles(paths []string) (string, error) {
	h := sha256.New()
	for _, path := range paths {
		sum, err := conversation.Hash(path)
		if err != nil || len(paths) == 1 {
			return sum, err
		}
		fmt.Fprintln(h, sum)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// prepareTalks makes the shards of the recipe's conversations, or finds them as it
// made them before, and notes their directories and what became of each object. A
// dry run makes them in a temporary directory.
func (t *Trainer) prepareTalks() error {
	t.places, t.reports = map[string]string{}, map[string]*conversation.Report{}
	list := t.recipe.talks()
	for i := range list {
		progress := func(share float64) error {
			if t.options.Preparing == nil {
				return nil
			}
			return t.options.Preparing((float64(i) + share) / float64(len(list)))
		}
		if err := t.prepareTalk(&list[i], progress); err != nil {
			return err
		}
	}
	return nil
}

// prepareTalk is prepareTalks for one set.
func (t *Trainer) prepareTalk(k *talk, progress func(share float64) error) (err error) {
	e := t.encoder()
	source := dataSource{
		Tokenizer: t.hashes.Tokenizer, Template: t.templateHash, Begin: e.Begin, End: e.End,
		Sequence: k.sequence, TooLong: t.recipe.Data.TooLong, SkipBad: t.recipe.Data.SkipBad,
	}
	files, err := k.files.Expand()
	if err == nil {
		source.File, err = hashFiles(files)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k.key, err)
	}
	if v := t.vision; v != nil {
		source.Pictures = &layout{v.ImageTokenID, v.ImageSize, v.PatchSize, v.Box, v.Short}
	}
	dir := filepath.Join(t.options.RunDir, k.dir)
	var before *conversation.Report
	stale := false
	if t.options.RunDir != "" { // or "" would be where the program runs
		if before, stale, err = t.preparedBefore(dir, &source); err != nil {
			return err
		}
	}
	if before != nil {
		t.places[k.dir], t.reports[k.dir] = dir, before
		return nil
	}
	if t.options.DryRun || t.options.RunDir == "" {
		if t.temporary == "" {
			if t.temporary, err = os.MkdirTemp("", "polymath-data-"); err != nil {
				return err
			}
		}
		dir = filepath.Join(t.temporary, k.dir)
	} else {
		var unlock func() error
		if unlock, err = t.lockRun(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, unlock()) }()
		if stale { // not before the lock: a run that loads its model has them open
			if err := atomicfile.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	t.places[k.dir] = dir
	t.reports[k.dir], err = conversation.Prepare(files, dir, conversation.Options{
		Encoder: e, Vision: t.vision, MaxTokens: k.sequence, TooLong: source.TooLong, SkipBad: source.SkipBad,
		Progress: progress,
		Before: func(r *conversation.Report) error {
			_, err := checkpoint.WriteJSON(filepath.Join(dir, reportFile), prepared{source, *r, preparedVersion})
			return err
		},
	})
	return err
}

// preparedBefore is the report of shards that were made of the source before, or nil
// where they are to be made. Stale ones, of a run that never began, are in the way.
func (t *Trainer) preparedBefore(dir string, source *dataSource) (report *conversation.Report, stale bool, err error) {
	if _, err := os.Stat(filepath.Join(dir, shard.ManifestName)); errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	} else if err != nil {
		return nil, false, err
	}
	before, err := readPrepared(dir)
	if err != nil {
		return nil, false, err
	}
	_, err = os.Lstat(filepath.Join(t.options.RunDir, metricsFile))
	begun := !errors.Is(err, fs.ErrNotExist)
	changed := source.found(dir, before)
	// What changed in files of pictures nobody knows: before a run begins, they are
	// read again.
	switch {
	case changed == nil && (begun || before.Report.PictureFiles == 0):
		return &before.Report, false, nil
	case begun:
		return nil, false, changed
	}
	return nil, true, nil
}

// lockRun takes the run's directory, which it makes if need be.
func (t *Trainer) lockRun() (unlock func() error, err error) {
	if err := os.MkdirAll(t.options.RunDir, 0o777); err != nil {
		return nil, err
	}
	return atomicfile.Lock(t.options.RunDir)
}

// found refuses shards that were made before of something else.
func (s *dataSource) found(dir string, before *prepared) error {
	now, err := json.Marshal(s)
	if err != nil {
		return err
	}
	was, err := json.Marshal(before.Source)
	if err != nil {
		return err
	}
	if string(now) != string(was) || before.Version != preparedVersion {
		return fmt.Errorf("%s was made of other data, or with another model, program or recipe than this run's: %s; "+
			"change them back, or name another directory for the run", dir, differences(was, now))
	}
	return nil
}

// differences lists the keys of two JSON objects whose values differ.
func differences(was, now []byte) string {
	a, errA := checkpoint.Flatten(was)
	b, errB := checkpoint.Flatten(now)
	if errA != nil || errB != nil {
		return "unreadable"
	}
	var list []string
	for _, key := range slices.Sorted(maps.Keys(b)) {
		if a[key] != b[key] {
			list = append(list, fmt.Sprintf("%s was %s and is %s", key, a[key], b[key]))
		}
	}
	if len(list) == 0 {
		return "another version"
	}
	return strings.Join(list, ", ")
}

// readPrepared reads the report beside shards.
func readPrepared(dir string) (*prepared, error) {
	path := filepath.Join(dir, reportFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var p prepared
	if err := checkpoint.StrictJSON(text, &p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &p, nil
}
