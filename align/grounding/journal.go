package grounding

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// journal keeps the results of a file that is not finished, in the directory OUT.part:
// under which key they were made, and a file journal-N.jsonl of each start. Goroutines
// share it.
type journal struct {
	dir    string
	unlock func() error

	mu     sync.Mutex
	file   atomicfile.Handle
	path   string
	lines  bytes.Buffer // not written yet
	synced time.Time
	err    error // the first failure; nothing is written after it
}

// Limits of what is read of a journal.
const (
	maxKey     = 1 << 16
	maxJournal = 1 << 30
)

const keyFile = "key.json"

// syncEvery is how much work a crash may cost.
const syncEvery = time.Second

// partKey is what the results of a journal depend on.
type partKey struct {
	Key string `json:"key"`
}

// openJournal opens the journal of a file and returns what it has so far.
func openJournal(out, key string) (*journal, []Result, error) {
	j := &journal{dir: out + ".part", synced: time.Now()}
	if err := os.MkdirAll(j.dir, 0o777); err != nil {
		return nil, nil, err
	}
	var err error
	if j.unlock, err = atomicfile.Lock(j.dir); err != nil {
		return nil, nil, err
	}
	results, err := j.open(key)
	if err != nil {
		return nil, nil, errors.Join(err, j.unlock())
	}
	return j, results, nil
}

func (j *journal) open(key string) ([]Result, error) {
	if err := atomicfile.RemoveLeftovers(j.dir); err != nil {
		return nil, err
	}
	if err := j.claim(key); err != nil {
		return nil, err
	}
	files, err := j.files()
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, path := range files {
		data, err := atomicfile.ReadSmall(path, maxJournal)
		if err != nil {
			return nil, err
		}
		list, err := parseJournal(data)
		if err != nil {
			return nil, fmt.Errorf("%s:%w", path, err)
		}
		results = append(results, list...)
	}
	j.path = filepath.Join(j.dir, fmt.Sprintf("journal-%04d.jsonl", len(files)+1))
	j.file, err = atomicfile.CreateLog(j.path)
	return results, err
}

// claim writes the key, or refuses a directory of another one.
func (j *journal) claim(key string) error {
	path := filepath.Join(j.dir, keyFile)
	data, err := atomicfile.ReadSmall(path, maxKey)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = json.Marshal(partKey{key})
		if err != nil {
			return err
		}
		_, err = atomicfile.WriteBytes(path, data)
		return err
	}
	if err != nil {
		return err
	}
	var k partKey
	if err := json.Unmarshal(data, &k); err != nil {
		return fmt.Errorf("%s: %w; remove %s to begin anew", path, err, j.dir)
	}
	if k.Key != key {
		return fmt.Errorf("%s has answers of another model, other prompts or other settings: remove it, or name another file", j.dir)
	}
	return nil
}

func (j *journal) files() ([]string, error) {
	entries, err := os.ReadDir(j.dir)
	var files []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "journal-") && strings.HasSuffix(e.Name(), ".jsonl") {
			files = append(files, filepath.Join(j.dir, e.Name()))
		}
	}
	slices.Sort(files)
	return files, err
}

// parseJournal reads whole lines; what comes after the last line's end was torn.
func parseJournal(data []byte) ([]Result, error) {
	var results []Result
	for number := 1; ; number++ {
		line, rest, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return results, nil
		}
		var r Result
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("%d: %w; remove the line, or begin anew", number, err)
		}
		if !slices.Contains(Outcomes, r.Outcome) {
			return nil, fmt.Errorf("%d: no outcome is called %q; remove the line, or begin anew", number, r.Outcome)
		}
		results = append(results, r)
		data = rest
	}
}

// add appends a result; what was added is on the disk within a second of the next one.
func (j *journal) add(r *Result) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines.Write(line)
	j.lines.WriteByte('\n')
	if time.Since(j.synced) < syncEvery {
		return j.err
	}
	return j.flush()
}

func (j *journal) flush() error {
	if j.err == nil && j.lines.Len() > 0 {
		_, err := j.file.Write(j.lines.Bytes())
		if err == nil {
			err = j.file.Sync()
		}
		if err != nil {
			j.err = fmt.Errorf("write %s: %w", j.path, err)
		}
		j.lines.Reset()
	}
	j.synced = time.Now()
	return j.err
}

// close writes what is left. The journal stays.
func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(j.flush(), j.file.Close(), j.unlock())
}

// remove takes the journal away, once it is closed.
func (j *journal) remove() error { return atomicfile.RemoveAll(j.dir) }
