package train

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

// metricsFile is the name of the journal in a run's directory and in a
// checkpoint's training/.
const metricsFile = "metrics.jsonl"

// journal is metrics.jsonl, open for appending, with its records in memory for
// the run page.
type journal struct {
	path    string
	file    *os.File
	records []Record
	lines   bytes.Buffer // of the record being written
}

// openJournal begins the journal of a run with what a checkpoint holds of it;
// saved is nil for a new run. Records after the checkpoint are cut off: the
// steps they tell of come again.
func openJournal(dir string, saved []byte) (*journal, error) {
	j := &journal{path: filepath.Join(dir, metricsFile)}
	records, err := decodeRecords(saved)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.path, err)
	}
	j.records = records
	if _, err := atomicfile.WriteBytes(j.path, saved); err != nil {
		return nil, err
	}
	j.file, err = os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	return j, err
}

// add appends a record. A checkpoint's record is kept out of the file, which is
// then the same whether or not the run was interrupted.
func (j *journal) add(r Record) error {
	j.records = append(j.records, r)
	if r.Kind == KindCheckpoint {
		return nil
	}
	j.lines.Reset()
	if err := encodeRecord(&j.lines, r); err != nil {
		return err
	}
	if _, err := j.file.Write(j.lines.Bytes()); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// save writes the journal so far to path, for a checkpoint, and returns its
// hash.
func (j *journal) save(path string) (sha256hex string, err error) {
	return atomicfile.Write(path, func(w io.Writer) error {
		for _, r := range j.records {
			if r.Kind == KindCheckpoint {
				continue
			}
			if err := encodeRecord(w, r); err != nil {
				return err
			}
		}
		return nil
	})
}

func (j *journal) close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// encodeRecord writes one line.
func encodeRecord(w io.Writer, r Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record of step %d: %w", r.Step, err)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// decodeRecords reads whole lines; what follows the last line break, a line
// that a killed program left half written, is passed over.
func decodeRecords(text []byte) ([]Record, error) {
	if end := bytes.LastIndexByte(text, '\n'); end >= 0 {
		text = text[:end+1]
	} else {
		return nil, nil
	}
	var out []Record
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<26)
	for n := 1; lines.Scan(); n++ {
		var r Record
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, r)
	}
	return out, lines.Err()
}

// check sees that a record holds what its kind promises.
func (r *Record) check() error {
	ok := false
	switch r.Kind {
	case KindStep:
		ok = r.Train != nil
	case KindSkip:
		ok = r.Train != nil && r.Skip != nil
	case KindEval:
		ok = r.Eval != nil
	case KindSample:
		ok = r.Sample != nil
	case KindCheckpoint:
		ok = r.Checkpoint != nil
	}
	if !ok {
		return fmt.Errorf("no whole record of kind %q", r.Kind)
	}
	return nil
}

// ReadMetrics reads the records of a run's directory, those of a running one
// too. A run that has not begun has none.
func ReadMetrics(runDir string) ([]Record, error) {
	path := filepath.Join(runDir, metricsFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	records, err := decodeRecords(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return records, nil
}
