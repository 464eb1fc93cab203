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
	path := filepath.Join(dir, resultsFile)
	data, err := readLimited(path, 256<<20)
	if errors.Is(err, fs.ErrNotExist) {
		if _, begun := readLimited(filepath.Join(dir, settingsFile), 16<<20); begun == nil {
			return nil, fmt.Errorf("%s is a run that is not over: the command that began it goes on with it", dir)
		}
		return nil, fmt.Errorf("%s is not the directory of a run: it has no %s", dir, resultsFile)
	}
	if err != nil {
		return nil, err
	}
	f := &Finished{Dir: dir, Result: &Result{}}
	if err := json.Unmarshal(data, f.Result); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	path = filepath.Join(dir, recordsFile)
	hash, err := atomicfile.Hash(path)
	if err != nil {
		return nil, err
	}
	if hash != f.Result.Records {
		return nil, fmt.Errorf("%s: SHA-256 %.16s…, and %s says %.16s…: it was changed or is not whole", path, hash, resultsFile, f.Result.Records)
	}
	if data, err = readLimited(path, maxJournal); err != nil {
		return nil, err
	}
	if f.Records, err = parseRecords(data); err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return f, nil
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

// Save writes records.jsonl and results.json to f.Dir, which must exist.
func (f *Finished) Save() error {
	sortRecords(f.Records)
	hash, err := atomicfile.Write(filepath.Join(f.Dir, recordsFile), func(w io.Writer) error {
		return writeRecords(w, f.Records)
	})
	if err != nil {
		return err
	}
	f.Result.Records = hash
	return f.saveResult()
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
