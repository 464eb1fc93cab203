package rubric

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// Bounds of a file of labelled answers.
const (
	maxLabelledFile = 256 << 20
	maxLabelled     = 1 << 20
)

// ReadLabelled reads labelled answers: JSON lines with kind, prompt, answer, class
// (A to D) and, as may be, group. Errors name the file, the line and the field.
func ReadLabelled(path string) ([]Labelled, error) {
	data, err := atomicfile.ReadSmall(path, maxLabelledFile)
	if err != nil {
		return nil, fmt.Errorf("labelled answers: %w", err)
	}
	list, err := parseLabelled(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return list, nil
}

// HoldOut parts labelled answers: those of about a share of the groups, or of the
// prompts where answers have no group, are held out, the same whatever their order.
func HoldOut(list []Labelled, share float64) (learn, held []Labelled) {
	for _, l := range list {
		of := l.Group
		if of == "" {
			of = l.Prompt
		}
		sum := sha256.Sum256([]byte(of))
		if float64(binary.LittleEndian.Uint32(sum[:])) < share*(1<<32) {
			held = append(held, l)
		} else {
			learn = append(learn, l)
		}
	}
	return learn, held
}

func parseLabelled(data []byte) ([]Labelled, error) {
	var list []Labelled
	for n := 1; len(data) > 0; n++ {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		data = rest
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(list) == maxLabelled {
			return nil, fmt.Errorf("%d: more than %d answers", n, maxLabelled)
		}
		l, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("%d: %w", n, err)
		}
		list = append(list, l)
	}
	if len(list) == 0 {
		return nil, errors.New("1: there are no answers in it")
	}
	return list, nil
}

func parseLine(line []byte) (Labelled, error) {
	var row struct {
		Kind   *Kind   `json:"kind"`
		Prompt *string `json:"prompt"`
		Answer *string `json:"answer"`
		Class  *Class  `json:"class"`
		Group  string  `json:"group"`
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&row); err != nil {
		return Labelled{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Labelled{}, errors.New("text behind the JSON object")
	}
	switch {
	case row.Kind == nil:
		return Labelled{}, errors.New("kind is missing: harmful, lookalike or sensitive")
	case row.Prompt == nil || *row.Prompt == "":
		return Labelled{}, errors.New("prompt is missing")
	case row.Answer == nil:
		return Labelled{}, errors.New("answer is missing")
	case row.Class == nil:
		return Labelled{}, errors.New("class is missing: A, B, C or D")
	}
	return Labelled{Case: Case{Kind: *row.Kind, Prompt: *row.Prompt, Answer: *row.Answer}, Class: *row.Class, Group: row.Group}, nil
}
