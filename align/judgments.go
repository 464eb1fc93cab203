package align

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// judgmentsFile keeps in a run's directory what models behind an API said. Such a model
// may say another thing the next time, and a step that is taken again after an
// interruption must find what it found.
const judgmentsFile = "judgments.jsonl"

// maxJudgments bounds the file in bytes.
const maxJudgments = 1 << 30

// judgments are the answers of models that were asked, by the hash of the question.
// Goroutines may share them.
type judgments struct {
	path string // "": they are not written
	mu   sync.Mutex
	all  map[string]*judgment
	file *os.File // nil before keep
	size int64    // of what could be read of the file
}

// judgment is one answer. Who asks for it first gets it, and others wait.
type judgment struct {
	mu   sync.Mutex
	said bool
	text string
	kept bool // it is in the file
}

// judgmentLine is a line of the file.
type judgmentLine struct {
	Key  string `json:"key"`
	Said string `json:"said"`
}

// judgmentKey names a question to a judge.
func judgmentKey(who, prompt, schema string) string {
	h := sha256.New()
	for _, text := range []string{who, prompt, schema} {
		fmt.Fprintf(h, "%d %s\n", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// readJudgments reads the file at path, if there is one. A last line that was not
// written whole is left out.
func readJudgments(path string) (*judgments, error) {
	j := &judgments{path: path, all: map[string]*judgment{}}
	return j, j.read()
}

// read takes in what the file has now.
func (j *judgments) read() error {
	if j.path == "" {
		return nil
	}
	text, err := atomicfile.ReadSmall(j.path, maxJudgments)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	j.size = 0
	if err := j.parse(text); err != nil {
		return fmt.Errorf("%s:%w", j.path, err)
	}
	return nil
}

func (j *judgments) parse(text []byte) error {
	for n := 1; ; n++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return nil
		}
		var l judgmentLine
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil || d.More() || len(l.Key) != 2*sha256.Size {
			return fmt.Errorf("%d: no judgment stands here: remove the file, and judges are asked anew", n)
		}
		j.all[l.Key] = &judgment{said: true, text: l.Said, kept: true}
		j.size += int64(len(line)) + 1
		text = rest
	}
}

// keep opens the file, to which all that is said from now on is added, and adds what was
// said before. The run's directory is this program's from now on; what another one added
// since the file was read counts.
func (j *judgments) keep() error {
	if j == nil || j.path == "" {
		return nil
	}
	if err := j.read(); err != nil {
		return err
	}
	file, err := os.OpenFile(j.path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if err := file.Truncate(j.size); err != nil {
		return errors.Join(err, file.Close())
	}
	if _, err := file.Seek(j.size, 0); err != nil {
		return errors.Join(err, file.Close())
	}
	j.file = file
	for key, one := range j.all {
		if one.said && !one.kept {
			if err := j.write(key, one); err != nil {
				return err
			}
		}
	}
	return nil
}

// write adds an answer to the file.
func (j *judgments) write(key string, one *judgment) error {
	line, err := json.Marshal(judgmentLine{key, one.text})
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil || one.kept {
		return nil
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: %w", j.path, err)
	}
	one.kept, j.all[key] = true, one
	return nil
}

// hearing are the questions that were asked for one judgment.
type hearing struct {
	mu    sync.Mutex
	asked map[string]*judgment
}

type hearingKey struct{}

// hear keeps what is said while judge runs once that made a judgment of it. Else it is
// forgotten, so that the judge is asked again the next time and does not end the run for
// good with what nobody can read.
func (j *judgments) hear(ctx context.Context, judge func(context.Context) error) error {
	if j == nil { // nobody is asked
		return judge(ctx)
	}
	h := &hearing{asked: map[string]*judgment{}}
	if err := judge(context.WithValue(ctx, hearingKey{}, h)); err != nil {
		j.forget(h.asked)
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(h.asked)) {
		if err := j.write(key, h.asked[key]); err != nil {
			return err
		}
	}
	return nil
}

// forget drops judgments that nobody else has made use of.
func (j *judgments) forget(asked map[string]*judgment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for key, one := range asked {
		if j.all[key] == one && !one.kept {
			delete(j.all, key)
		}
	}
}

// ask returns what was said to a question, by fresh where nobody has asked it. Within
// hear it is kept later.
func (j *judgments) ask(ctx context.Context, key string, fresh func() (string, error)) (string, error) {
	j.mu.Lock()
	one := j.all[key]
	if one == nil {
		one = &judgment{}
		j.all[key] = one
	}
	j.mu.Unlock()
	h, _ := ctx.Value(hearingKey{}).(*hearing)
	if h != nil {
		h.mu.Lock()
		h.asked[key] = one
		h.mu.Unlock()
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.said {
		return one.text, nil
	}
	text, err := fresh()
	if err != nil {
		return "", err
	}
	one.text, one.said = text, true
	if h != nil {
		return text, nil
	}
	return text, j.write(key, one)
}

func (j *judgments) close() error {
	if j == nil || j.file == nil {
		return nil
	}
	return j.file.Close()
}
