package grounding

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/internal/dialogue"
	"github.com/polymath-lm/polymath/internal/records"
	"github.com/polymath-lm/polymath/shard"
)

// comparison is an example as package preference reads it.
type comparison struct {
	dialogue.Preference
	Group string `json:"group"`
	Kind  Kind   `json:"kind"`
}

// WritePair writes an example as a comparison of two answers, one line, from which a
// reward model learns what support is.
func WritePair(w io.Writer, e *Example) error {
	prompt := []dialogue.Message{dialogue.User(EntailmentPrompt(e.Passage))}
	return writeLine(w, comparison{dialogue.Prefer(prompt, e.Supported, e.Unsupported), e.Group, e.Kind})
}

// WriteLabelled writes the two statements of an example with their labels, one a line.
func WriteLabelled(w io.Writer, e *Example) error {
	labels := e.Labels()
	return errors.Join(writeLine(w, labels[0]), writeLine(w, labels[1]))
}

func writeLine(w io.Writer, v any) error {
	return dialogue.Lines(w, func(add func(any) error) error { return add(v) })
}

// HeldOut reports whether a share, 0 to 1, of all documents has this one. It goes by
// the document alone, and a larger share has all documents of a smaller one.
func (e *Example) HeldOut(share float64) bool {
	var id shard.ID
	_, _ = hex.Decode(id[:], []byte(e.Group)[:2*len(id)]) // it is our own
	return shard.HeldOut(id, share)
}

// maxLabelled is how many labelled statements are read.
const maxLabelled = 1 << 20

// ReadLabelled reads labelled statements: rows with source, statement, supported (true
// or false), and as may be kind and group. Errors name the file and the line.
func ReadLabelled(path string) ([]Labelled, error) {
	var list []Labelled
	err := records.Read(path, records.Options{}, func(row records.Row) error {
		if len(list) == maxLabelled {
			return fmt.Errorf("more than %d statements", maxLabelled)
		}
		l, err := labelledOf(row.Fields)
		if err != nil {
			return err // its place is put before it
		}
		list = append(list, l)
		return nil
	})
	if err == nil && len(list) == 0 {
		err = errors.New("there are no statements in it")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return list, nil
}

func labelledOf(fields map[string]any) (l Labelled, err error) {
	text := func(key string, needed bool) string {
		s, ok := fields[key].(string)
		if err == nil && (needed && s == "" || fields[key] != nil && !ok) {
			err = fmt.Errorf("%s is missing, or no text", key)
		}
		return s
	}
	l = Labelled{Source: text("source", true), Statement: text("statement", true), Kind: Kind(text("kind", false)), Group: text("group", false)}
	switch v := fields["supported"].(type) {
	case bool:
		l.Supported = v
	case string: // of a table
		l.Supported = v == "true"
		if err == nil && v != "true" && v != "false" {
			err = fmt.Errorf("supported is %q: it is true or false", v)
		}
	default:
		if err == nil {
			err = errors.New("supported is missing: it is true or false")
		}
	}
	return l, err
}
