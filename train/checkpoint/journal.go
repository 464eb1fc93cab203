package checkpoint

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// MetricsFile is the name of the journal in a run's directory and in a
// checkpoint's TrainingDir.
const MetricsFile = "metrics.jsonl"

// maxLine bounds a record.
const maxLine = 1 << 26

// Form says what records of a journal are. Goroutines may share it.
type Form[R any] struct {
	// Check sees that a record that was read is a whole one.
	Check func(r *R) error
	// Passing tells records that are kept in memory and not in the file, which is
	// then the same whether or not the run was interrupted.
	Passing func(r *R) bool
}

// Journal is metrics.jsonl, open for appending, with its records in memory for
// the run page. It is for one goroutine at a time.
type Journal[R any] struct {
	form    *Form[R]
	file    *os.File
	records []R
	line    bytes.Buffer // of the record being written
}

// Open begins the journal of a run with what a checkpoint holds of it; saved is
// nil for a new run. Records after the checkpoint are cut off: the steps they tell
// of come again.
func (f *Form[R]) Open(runDir string, saved []byte) (*Journal[R], error) {
	path := filepath.Join(runDir, MetricsFile)
	records, err := f.Decode(saved)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	j := &Journal[R]{form: f, records: records}
	if _, err := atomicfile.WriteBytes(path, saved); err != nil {
		return nil, err
	}
	if j.file, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		return nil, err
	}
	return j, nil
}

// Records are those so far; the caller must not change them.
func (j *Journal[R]) Records() []R { return j.records }

// Add appends a record.
func (j *Journal[R]) Add(r R) error {
	j.records = append(j.records, r)
	if j.form.Passing(&r) {
		return nil
	}
	j.line.Reset()
	if err := encode(&j.line, &r); err != nil {
		return err
	}
	if _, err := j.file.Write(j.line.Bytes()); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// File is the journal so far, for a checkpoint.
func (j *Journal[R]) File() File {
	return File{MetricsFile, func(path string) (string, error) {
		return atomicfile.Write(path, func(w io.Writer) error {
			for i := range j.records {
				if j.form.Passing(&j.records[i]) {
					continue
				}
				if err := encode(w, &j.records[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}}
}

// Close closes the file.
func (j *Journal[R]) Close() error { return j.file.Close() }

// encode writes one line.
func encode(w io.Writer, r any) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// Decode reads whole lines; what follows the last line break, a line that a killed
// program left half written, is passed over. An error names the line.
func (f *Form[R]) Decode(text []byte) ([]R, error) {
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	var out []R
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		var r R
		err := json.Unmarshal(lines.Bytes(), &r)
		if err == nil {
			err = f.Check(&r)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, r)
	}
	return out, lines.Err()
}

// Read reads the records of a run's directory, those of a running one too. A run
// that has not begun has none.
func (f *Form[R]) Read(runDir string) ([]R, error) {
	path := filepath.Join(runDir, MetricsFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	records, err := f.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return records, nil
}
