package judge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/task/grade"
)

// ErrNotJudged is wrapped where nobody has judged an answer yet.
var ErrNotJudged = errors.New("not judged yet")

// maxFile bounds a file of marks in bytes.
const maxFile = 64 << 20

// mark is a line of a file of marks: what a person gave one answer. It says neither
// who judged nor whose answer it was.
type mark struct {
	// Question is the hash of all that was judged: question, reference, answer and
	// rubric. Equal answers are judged once.
	Question string    `json:"question"`
	Task     string    `json:"task"`
	Item     string    `json:"item"`
	Shares   []float64 `json:"shares"`
	Note     string    `json:"note,omitempty"`
}

// keyOf identifies a question.
func keyOf(q *grade.Question) string {
	data, err := json.Marshal(q)
	if err != nil {
		panic(err) // texts and finite numbers can be written
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// readMarks reads a file of marks, in the order in which they were given. A file
// that does not exist has none.
func readMarks(path string) ([]mark, error) {
	data, err := atomicfile.ReadSmall(path, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseMarks(path, data)
}

func parseMarks(path string, data []byte) (marks []mark, err error) {
	seen := map[string]bool{}
	for number := 1; len(data) > 0; number++ {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		var m mark
		if err := d.Decode(&m); err != nil {
			return nil, fmt.Errorf("%s:%d: no line of marks: %w", path, number, err)
		}
		if seen[m.Question] || m.Question == "" || len(m.Shares) == 0 || !inRange(m.Shares) {
			return nil, fmt.Errorf("%s:%d: every question is there once, with marks of 0 to 1", path, number)
		}
		seen[m.Question] = true
		marks = append(marks, m)
	}
	return marks, nil
}

func inRange(shares []float64) bool {
	for _, s := range shares {
		if !(s >= 0 && s <= 1) {
			return false
		}
	}
	return true
}

// writeMarks replaces the file, or leaves it as it was.
func writeMarks(path string, marks []mark) error {
	var b bytes.Buffer
	for _, m := range marks {
		line, err := json.Marshal(m)
		if err != nil {
			return err
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	_, err := atomicfile.WriteBytes(path, b.Bytes())
	return err
}

// people is a judge that says what people said.
type people map[string]mark

// File makes a judge of a file of marks that a Page has written. Answers that
// nobody has judged are errors that wrap ErrNotJudged.
func File(path string) (grade.Judge, error) {
	marks, err := readMarks(path)
	if err != nil {
		return nil, err
	}
	p := people{}
	for _, m := range marks {
		p[m.Question] = m
	}
	return p, nil
}

// Judge implements grade.Judge.
func (p people) Judge(_ context.Context, q grade.Question) (grade.Marks, error) {
	m, ok := p[keyOf(&q)]
	if !ok {
		return grade.Marks{}, ErrNotJudged
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return grade.Marks{}, err
	}
	return grade.Marks{Shares: m.Shares, Raw: string(raw)}, nil
}
