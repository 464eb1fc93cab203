package eval

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// OpenRun reads a finished run. A file that is not as it was written is an error.
func OpenRun(dir string) (*Finished, error) {
	result, err := readResult(dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, begun := readLimited(filepath.Join(dir, settingsFile), 16<<20); begun == nil {
			return nil, fmt.Errorf("%s is a run that is not over: the command that began it goes on with it", dir)
		}
		return nil, fmt.Errorf("%s is not the directory of a run: it has no %s", dir, resultsFile)
	}
	if err != nil {
		return nil, err
	}
	path, err := recordsPath(dir, result)
	if err != nil {
		return nil, err
	}
	data, err := readLimited(path, maxJournal)
	if err != nil {
		return nil, err
	}
	records, err := parseRecords(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return &Finished{Dir: dir, Result: result, Records: records}, nil
}

// readResult reads results.json.
func readResult(dir string) (*Result, error) {
	path := filepath.Join(dir, resultsFile)
	data, err := readLimited(path, 256<<20)
	if err != nil {
		return nil, err
	}
	r := &Result{}
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// recordsPath returns the file with the records of a result: the next ones where a Save
// broke off before they were in their place.
func recordsPath(dir string, r *Result) (string, error) {
	next := filepath.Join(dir, nextFile)
	if hash, err := atomicfile.Hash(next); err == nil && hash == r.Records {
		return next, nil
	}
	path := filepath.Join(dir, recordsFile)
	hash, err := atomicfile.Hash(path)
	if err == nil && hash != r.Records {
		err = fmt.Errorf("%s: SHA-256 %.16s…, and %s says %.16s…: it was changed or is not whole", path, hash, resultsFile, r.Records)
	}
	return path, err
}

// parseRecords reads records, one a line.
func parseRecords(data []byte) ([]Record, error) {
	var records []Record
	for number := 1; len(data) > 0; number++ {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("%d: %w", number, err)
		}
		records = append(records, r)
		data = rest
	}
	return records, nil
}

// Save writes records.jsonl and results.json to f.Dir, which must exist. Whatever fails
// meanwhile, the directory is that of the old run or of the new one.
func (f *Finished) Save() error {
	sortRecords(f.Records)
	if err := settle(f.Dir); err != nil {
		return err
	}
	hash, err := atomicfile.Write(filepath.Join(f.Dir, nextFile), func(w io.Writer) error {
		return writeRecords(w, f.Records)
	})
	if err != nil {
		return err
	}
	f.Result.Records = hash
	if err := f.saveResult(); err != nil {
		return err
	}
	return putNext(f.Dir)
}

// settle ends a Save that broke off when results.json told of the next records.
func settle(dir string) error {
	r, err := readResult(dir)
	if err != nil {
		return nil // there is none
	}
	if path, err := recordsPath(dir, r); err != nil || filepath.Base(path) != nextFile {
		return nil
	}
	return putNext(dir)
}

// putNext makes the next records those of the run.
func putNext(dir string) error {
	if err := atomicfile.Rename(filepath.Join(dir, nextFile), filepath.Join(dir, recordsFile)); err != nil {
		return err
	}
	return atomicfile.SyncDir(dir)
}

// saveResult writes results.json beside the records that are there.
func (f *Finished) saveResult() error {
	data, err := json.MarshalIndent(f.Result, "", "  ")
	if err != nil {
		return err
	}
	_, err = atomicfile.WriteBytes(filepath.Join(f.Dir, resultsFile), append(data, '\n'))
	return err
}

func writeRecords(w io.Writer, records []Record) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := range records {
		if err := e.Encode(&records[i]); err != nil {
			return err
		}
	}
	return nil
}

func sortRecords(records []Record) {
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Sample, b.Sample))
	})
}
