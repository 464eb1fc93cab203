// Package extract finds the text that a page or a file is about.
package extract

import (
	"errors"
	"fmt"
)

// ErrEmpty is the error of a page that has no text worth keeping.
var ErrEmpty = errors.New("the page has no main content")

// LimitError is the error of a page that is larger than pages are.
type LimitError struct {
	What  string // "bytes" or "elements"
	Limit int
}

// Error names the limit.
func (e *LimitError) Error() string {
	return fmt.Sprintf("the page has more than %d %s", e.Limit, e.What)
}

const (
	minLetters = 25  // of a page with main content
	fewLetters = 300 // with fewer the names of the page are not believed
)

// HTML returns the main content of a page in UTF-8, and what the page says about
// itself: title, author, date, url, language, license, description and sitename,
// those that it has. Paragraphs are set apart by an empty line, items of lists
// begin with a dash, cells of a row are set apart by a bar, and code keeps its
// space. declaredCharset is what came with the page;
// "" is what the page says.
//
// The error is ErrEmpty for a page without content, ErrBinary for what is no text
// and a *LimitError for a page that is too large; the metadata then is what was
// read. Time and memory grow with
// the length of the page alone. Any number of goroutines may call HTML.
func HTML(content []byte, declaredCharset, url string) (text []byte, meta map[string]string, err error) {
	if len(content) > maxBytes {
		return nil, nil, &LimitError{What: "bytes", Limit: maxBytes}
	}
	content, _, err = Plain(content, charsetOf(content, declaredCharset))
	if err != nil {
		return nil, nil, err
	}
	t, err := parse(content)
	if err != nil {
		return nil, nil, err
	}
	t.meta.resolve(url)
	text = t.content()
	if len(text) == 0 && len(t.meta.noscript) > 0 {
		if inner, err := parse(t.meta.noscript); err == nil {
			text = inner.content()
		}
	}
	if len(text) == 0 {
		return nil, t.meta.all(), ErrEmpty
	}
	return text, t.meta.all(), nil
}

// content returns the text of the page. Where its names and its form leave
// little, as in forums, they count for less.
func (t *tree) content() []byte {
	best, most := scanner{tree: t}, int32(0)
	runs := best.article()
	most = letters(runs)
	for _, ignore := range []hint{isComment, isComment | isAside | isMeta} {
		if most >= fewLetters || most*3 >= t.nodes[0].letters-t.nodes[0].linked {
			break
		}
		s := scanner{tree: t, ignore: ignore}
		if r := s.article(); letters(r) > 2*most {
			best, runs, most = s, r, letters(r)
		}
	}
	if most < fewLetters {
		if all := (&scanner{tree: t}); letters(all.everything()) > 6*most {
			best, runs = *all, all.runs
		}
	}
	if most = letters(runs); most < fewLetters && len(t.meta.body) > 3*int(most)+fewLetters {
		return t.linkedBody() // the page itself is filled by a script
	}
	if most < minLetters {
		return nil
	}
	return best.render(runs)
}

// article returns the runs of the main content and marks those to keep.
func (s *scanner) article() []run {
	s.scan()
	root := s.choose()
	if root < 0 {
		return nil
	}
	runs := s.within(root)
	s.sift(runs, root)
	return runs
}

// everything marks all runs that are not links.
func (s *scanner) everything() []run {
	s.scan()
	for i := range s.runs {
		s.runs[i].keep = s.runs[i].density() <= 0.5
	}
	return s.runs
}

// letters counts those of the runs to keep.
func letters(runs []run) int32 {
	n := int32(0)
	for i := range runs {
		if runs[i].keep {
			n += runs[i].letters
		}
	}
	return n
}
