// Package epub reads the text of EPUB books, versions 2 and 3.
package epub

import (
	"errors"
	"fmt"
	"strconv"
)

// What is wrong with a book. Errors of Text wrap one of these.
var (
	ErrEncrypted = errors.New("the EPUB is encrypted (DRM)")
	ErrDamaged   = errors.New("the EPUB is damaged, or is no EPUB")
	ErrNoText    = errors.New("the EPUB has no text, perhaps only images")
	ErrTooLarge  = errors.New("the EPUB is too large")
)

// limits bound what one book may cost.
type limits struct {
	entries int   // files in the archive
	entry   int64 // bytes of one of them, unpacked
	all     int64 // bytes of all that are read, unpacked
	text    int   // bytes of text
}

var defaultLimits = limits{entries: 50000, entry: 64 << 20, all: 512 << 20, text: 64 << 20}

// Text returns the text of a book in UTF-8, chapters in the order of reading.
// Paragraphs, headings and chapters are parted by a blank line; items of lists
// and rows of tables have a line each. Notes stay where they are; navigation,
// page numbers, scripts and images go. meta has title, author, language, date
// and license, as far as the book has them, and missing_chapters, the number of
// chapters that the book names and does not have.
func Text(content []byte) (text []byte, meta map[string]string, err error) {
	return read(content, defaultLimits)
}

func read(content []byte, l limits) ([]byte, map[string]string, error) {
	a, err := open(content, l)
	if err != nil {
		return nil, nil, err
	}
	book, err := a.book()
	if err != nil {
		return nil, nil, err
	}
	chapters := book.chapters()
	var w writer
	missing := 0
	for _, name := range chapters {
		content, err := a.read(name, l.entry)
		switch {
		case errors.Is(err, errMissing):
			missing++
			continue
		case err != nil:
			return nil, nil, err
		}
		if err := w.chapter(content); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(w.out) > l.text {
			return nil, nil, fmt.Errorf("%w: more than %d bytes of text", ErrTooLarge, l.text)
		}
	}
	switch {
	case missing > 0 && missing == len(chapters):
		return nil, nil, fmt.Errorf("%w: it has none of its %d chapters", ErrDamaged, missing)
	case len(w.out) == 0:
		return nil, nil, ErrNoText
	}
	meta := book.meta()
	if missing > 0 {
		meta["missing_chapters"] = strconv.Itoa(missing)
	}
	return append(w.out, '\n'), meta, nil
}
