package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/energy"
	"github.com/polymath-lm/polymath/internal/glob"
)

// entry is a line of a journal: a record, or what the work took since the last such
// line.
type entry struct {
	Record *Record       `json:"record,omitempty"`
	Cached int           `json:"cached,omitempty"`
	Took   time.Duration `json:"took_ns,omitempty"`
	Energy *energy.Spent `json:"energy,omitempty"` // beside Took, where somebody measures
}

// journal keeps the records of a run that is not over: each start of the run writes a
// file journal-N.jsonl of its own. Goroutines share it.
type journal struct {
	mu     sync.Mutex
	path   string
	file   atomicfile.Handle
	lines  bytes.Buffer // not written yet
	synced time.Time    // when the last lines were written
	timer  *time.Timer  // writes lines after which none come; nil: not set
	err    error        // the first failure; nothing is written after it
}

// syncEvery is how much work a crash may cost.
const syncEvery = time.Second

func journalFiles(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(glob.Escape(dir), "journal-*.jsonl"))
	slices.SortFunc(paths, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return paths, err
}

// journalNumber is the N of a file, 0 where the name has none.
func journalNumber(path string) int {
	name := strings.TrimPrefix(filepath.Base(path), "journal-")
	number, err := strconv.Atoi(strings.TrimSuffix(name, ".jsonl"))
	if err != nil {
		return 0
	}
	return number
}

// lastJournal is the highest number among those that are there and after.
func lastJournal(dir string, after int) (int, error) {
	paths, err := journalFiles(dir)
	for _, path := range paths {
		after = max(after, journalNumber(path))
	}
	return after, err
}

// openJournal begins a new file, with a higher number than all before it: after is that
// of the last one that is in the results.
func openJournal(dir string, after int) (*journal, error) {
	last, err := lastJournal(dir, after)
	if err != nil {
		return nil, err
	}
	for number := last + 1; ; number++ {
		path := filepath.Join(dir, fmt.Sprintf("journal-%d.jsonl", number))
		file, err := atomicfile.CreateLog(path)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, named(path, err)
		}
		return &journal{path: path, file: file, synced: time.Now()}, nil
	}
}

// add appends an entry, which is on the disk a second later, with those before.
func (j *journal) add(e entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err != nil {
		return j.err
	}
	j.lines.Write(line)
	j.lines.WriteByte('\n')
	if time.Since(j.synced) >= syncEvery {
		return j.flush()
	}
	if j.timer == nil {
		j.timer = time.AfterFunc(syncEvery, func() {
			j.mu.Lock()
			defer j.mu.Unlock()
			j.timer = nil
			_ = j.flush() // the next add or close tells of it
		})
	}
	return nil
}

// flush writes what is not written yet.
func (j *journal) flush() error {
	if j.err == nil && j.lines.Len() > 0 {
		_, err := j.file.Write(j.lines.Bytes())
		if err == nil {
			err = j.file.Sync()
		}
		if err != nil {
			j.err = named(j.path, err)
		}
		j.lines.Reset()
	}
	j.synced = time.Now()
	return j.err
}

// close writes what is left.
func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.timer != nil {
		j.timer.Stop()
	}
	err := j.flush()
	if closed := j.file.Close(); err == nil && closed != nil {
		err = named(j.path, closed)
	}
	return err
}

// named says which file could not be written, where the error does not.
func named(path string, err error) error {
	if known := new(fs.PathError); errors.As(err, &known) {
		return err
	}
	return fmt.Errorf("write %s: %w", path, err)
}

// maxJournal bounds what is read of a file of records.
const maxJournal = 4 << 30

// readJournals returns the entries of all starts so far, in order.
func readJournals(dir string) ([]entry, error) {
	paths, err := journalFiles(dir)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, path := range paths {
		data, err := readLimited(path, maxJournal)
		if err != nil {
			return nil, err
		}
		entries, err := parseJournal(data)
		if err != nil {
			return nil, fmt.Errorf("%s:%w", path, err)
		}
		all = append(all, entries...)
	}
	return all, nil
}

// parseJournal reads the lines of a journal. What comes after the last line's end was
// torn and is left out.
func parseJournal(data []byte) ([]entry, error) {
	var entries []entry
	for number := 1; ; number++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return entries, nil
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("%d: %w; remove the line, or begin anew", number, err)
		}
		entries = append(entries, e)
		data = rest
	}
}

// readLimited reads a file that has a size one can expect.
func readLimited(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: not a regular file", path)
	case info.Size() > limit:
		return nil, fmt.Errorf("%s: %d bytes are more than a run has", path, info.Size())
	}
	return os.ReadFile(path)
}

// removeJournals ends what the journals are for, up to that of a number.
func removeJournals(dir string, last int) error {
	paths, err := journalFiles(dir)
	for _, path := range paths {
		if journalNumber(path) <= last {
			err = errors.Join(err, atomicfile.RemoveAll(path))
		}
	}
	return err
}
