package decontaminate

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/polymath-lm/polymath/internal/records"
)

// Limits of what a set may hold.
const (
	maxItem  = records.MaxRow
	maxItems = 1 << 24
)

// Loaded is the items of a set, in memory.
type Loaded struct {
	Name string
	// Items are the texts, by number.
	Items []string
}

// LoadSet reads all items of s, in the order of the files' names and of the items
// in them. A pattern that matches no file, a field that no item has, and a set
// without items are errors: that none of them is found in a corpus would say
// nothing.
func LoadSet(s Set) (Loaded, error) {
	if err := s.check(); err != nil {
		return Loaded{}, err
	}
	l := loader{set: &s, have: make([]int, len(s.fields()))}
	files, err := records.Match(s.Files)
	if err != nil {
		return Loaded{}, fmt.Errorf("evaluation set %q: %w", s.Name, err)
	}
	for _, name := range files {
		if err := records.Read(name, s.reading(), l.record); err != nil {
			return Loaded{}, fmt.Errorf("evaluation set %q: %s: %w", s.Name, name, err)
		}
	}
	if len(l.items) == 0 {
		return Loaded{}, fmt.Errorf("evaluation set %q: %s holds no items", s.Name, strings.Join(files, ", "))
	}
	for i, field := range s.fields() {
		if l.have[i] == 0 {
			return Loaded{}, fmt.Errorf("evaluation set %q: no item has the field %q: the first has %s", s.Name, field, strings.Join(l.keys, ", "))
		}
	}
	return Loaded{Name: s.Name, Items: l.items}, nil
}

// reading is how the set's files are read.
func (s *Set) reading() records.Options {
	return records.Options{Format: s.Format, Members: s.Members, Items: s.Items, NoHeader: s.NoHeader}
}

// loader collects the items of one set.
type loader struct {
	set   *Set
	items []string
	have  []int    // how many items have each field
	keys  []string // of the first item
}

// add takes one item.
func (l *loader) add(text string) error {
	if len(text) > maxItem {
		return fmt.Errorf("item %d has %d bytes, %d are allowed", len(l.items), len(text), maxItem)
	}
	if len(l.items) == maxItems {
		return fmt.Errorf("the set has more than %d items", maxItems)
	}
	l.items = append(l.items, norm.NFC.String(text))
	return nil
}
