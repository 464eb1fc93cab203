package corpus

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

const (
	stageFile = "stage.json" // what a stage is made from, written first
	doneFile  = "done.json"  // what it left, written last
)

// maxMark bounds the files that mark stages and segments.
const maxMark = 64 << 20

// stage is one step of a build with a directory of its own.
type stage struct {
	name string
	dir  string
	// From is all that the result depends on.
	from stageFrom
	key  string
}

// stageFrom is all that the result of a stage depends on.
type stageFrom struct {
	// Version is counted up when a stage gives other results for the same input.
	Version int `json:"version"`
	// Part is the part of the recipe.
	Part jsontext.Value `json:"part"`
	// Input is the hash of what the stages before left.
	Input string `json:"input"`
}

// stageDone is what a stage left.
type stageDone struct {
	Key string `json:"key"`
	// Output stands for all that the stage wrote.
	Output string `json:"output"`
	// Chain lists the files that it wrote, if there are several: a name and a
	// SHA-256 a line.
	Chain string `json:"chain,omitempty"`
}

// newStage describes a stage. part is a value of the recipe, for JSON.
func newStage(work, name string, version int, part any, input string) (*stage, error) {
	text, err := marshal(part)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s := &stage{name: name, dir: filepath.Join(work, name), from: stageFrom{version, text, input}}
	all, err := marshal(s.from)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.key = hexHash(all)
	return s, nil
}

// marshal is the one form of JSON that hashes are made of.
func marshal(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }

func hexHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// open makes the stage's directory ready. It returns what the stage left if it is
// complete. Where the directory holds the result of something else, changed is
// the list of what differs.
func (s *stage) open() (done *stageDone, changed []string, err error) {
	var old stageFrom
	switch err := readMark(filepath.Join(s.dir, stageFile), &old); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, s.begin()
	case err != nil:
		return nil, nil, err
	}
	if changed := s.from.differences(&old); len(changed) > 0 {
		return nil, changed, nil
	}
	done = &stageDone{}
	switch err := readMark(filepath.Join(s.dir, doneFile), done); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, atomicfile.RemoveLeftovers(s.dir)
	case err != nil:
		return nil, nil, err
	case done.Key != s.key:
		return nil, nil, fmt.Errorf("%s: the file is not that of %s beside it; build with --fresh", filepath.Join(s.dir, doneFile), stageFile)
	}
	return done, nil, nil
}

func (s *stage) begin() error {
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return err
	}
	// A build that was killed here leaves its mark half written.
	if err := atomicfile.RemoveLeftovers(s.dir); err != nil {
		return err
	}
	return writeMark(filepath.Join(s.dir, stageFile), s.from)
}

// again removes what the stage has left and begins anew.
func (s *stage) again() error {
	if err := atomicfile.RemoveAll(s.dir); err != nil {
		return err
	}
	return s.begin()
}

// finish marks the stage as complete.
func (s *stage) finish(output string) (*stageDone, error) {
	done := &stageDone{Key: s.key, Output: output}
	return done, writeMark(filepath.Join(s.dir, doneFile), done)
}

// finishFiles marks the stage as complete that left these files, as in
// stageDone.Chain.
func (s *stage) finishFiles(chain string) (*stageDone, error) {
	done := &stageDone{Key: s.key, Output: hexHash([]byte(s.key + "\n" + chain)), Chain: chain}
	return done, writeMark(filepath.Join(s.dir, doneFile), done)
}

// differences lists what two results are made from differs in.
func (f *stageFrom) differences(old *stageFrom) []string {
	if f.Version != old.Version {
		return []string{fmt.Sprintf("the program: it was version %d of this stage and is %d", old.Version, f.Version)}
	}
	was, is := map[string]string{}, map[string]string{}
	flatten("", old.Part, was)
	flatten("", f.Part, is)
	var out []string
	for key, value := range is {
		if before, ok := was[key]; !ok {
			out = append(out, fmt.Sprintf("%s is new: %s", key, value))
		} else if before != value {
			out = append(out, fmt.Sprintf("%s was %s and is %s", key, before, value))
		}
	}
	for key, value := range was {
		if _, ok := is[key]; !ok {
			out = append(out, fmt.Sprintf("%s is gone: it was %s", key, value))
		}
	}
	slices.Sort(out)
	if len(out) == 0 && f.Input != old.Input {
		out = append(out, "the stages before")
	}
	return out
}

// flatten maps the full key of each value in JSON to its text.
func flatten(path string, text jsontext.Value, into map[string]string) {
	switch text.Kind() {
	case '{':
		var section map[string]jsontext.Value
		if json.Unmarshal(text, &section) == nil {
			for key, value := range section {
				flatten(strings.TrimPrefix(path+"."+key, "."), value, into)
			}
		}
	case '[':
		var list []jsontext.Value
		if json.Unmarshal(text, &list) == nil {
			for i, value := range list {
				flatten(fmt.Sprintf("%s[%d]", path, i), value, into)
			}
		}
	default:
		into[path] = string(bytes.TrimSpace(text))
	}
}

func readMark(path string, into any) error {
	data, err := atomicfile.ReadSmall(path, maxMark)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeMark(path string, v any) error {
	data, err := marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err = atomicfile.WriteBytes(path, append(data, '\n'))
	return err
}
