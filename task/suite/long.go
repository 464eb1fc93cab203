package suite

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/internal/random"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/long"
)

// LongLengths are the lengths of the texts of the suite long, in tokens.
var LongLengths = []int{1 << 10, 2 << 10, 4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10, 128 << 10}

// longDepths is how many depths are asked for in texts of each length: the tenths.
const longDepths = 10

// longRoom is how many tokens of a length are for the answer and what a chat template
// adds.
const longRoom = 192

// mostUncounted is the longest of LongLengths where nothing says what a model can read.
const mostUncounted = 8 << 10

// LongOptions say for whom the texts of the suite long are made.
type LongOptions struct {
	// Counter returns what counts the tokens of a text, which goroutines may share; nil
	// takes a quarter of its bytes. It is called when a text is made.
	Counter func() (func(text string) int, error)
	// Window is the longest text that the model reads, in tokens; 0 is unknown. Longer
	// ones are not made.
	Window int
	// Lengths are those that are made, whatever the window; none is as many of
	// LongLengths as it allows.
	Lengths []int
	// Books returns what long_books asks about; nil takes what the standard library of Go
	// says of itself. It is called when that is loaded.
	Books func() ([]string, error)
}

// lengths are those that are made.
func (o *LongOptions) lengths() []int {
	if len(o.Lengths) > 0 {
		return o.Lengths
	}
	window := o.Window
	if window == 0 {
		window = mostUncounted
	}
	list := slices.DeleteFunc(slices.Clone(LongLengths), func(n int) bool { return n > window })
	if len(list) == 0 {
		list = []int{window}
	}
	return list
}

// WithLong returns Generators with those of long texts for a model. They make as many
// rows as a task says where all of LongLengths are made, and of fewer fewer in
// proportion: of each length as many, of each depth as many.
func WithLong(o LongOptions) map[string]task.Generator {
	all := maps.Clone(Generators)
	for _, kind := range long.Kinds {
		all[longName(kind)] = func(n int, seed uint64) ([]task.Row, error) {
			lengths := o.lengths()
			return o.rows(kind, (n*len(lengths)+len(LongLengths)-1)/len(LongLengths), seed)
		}
	}
	return all
}

func longName(k long.Kind) string { return "long_" + string(k) }

func init() {
	for _, kind := range long.Kinds {
		Generators[longName(kind)] = func(n int, seed uint64) ([]task.Row, error) {
			if err := checkNumber(n); err != nil {
				return nil, err
			}
			var o LongOptions
			return o.rows(kind, n, seed)
		}
	}
}

// rows makes n rows, of each length and depth in turn. Several are on one text, which
// saves a model much reading, but none asks for what another asks for: each is a cluster
// of its own, but for those on one book. Besides what all rows have, they have asked, the question without the text,
// and length and depth.
func (o *LongOptions) rows(kind long.Kind, n int, seed uint64) ([]task.Row, error) {
	var count func(string) int
	if o.Counter != nil {
		var err error
		if count, err = o.Counter(); err != nil {
			return nil, err
		}
	}
	var books []string
	if kind == long.Books {
		read := goBooks
		if o.Books != nil {
			read = o.Books
		}
		var err error
		if books, err = read(); err != nil {
			return nil, err
		}
	}
	lengths := o.lengths()
	rows := make([]task.Row, 0, n)
	for round := 0; len(rows) < n; round++ {
		made := 0
		for _, length := range lengths {
			if len(rows) == n {
				break
			}
			few, err := longGroup(long.Options{Kind: kind, Split: long.Test, Tokens: length, Count: count}, books, round, seed)
			if errors.Is(err, long.ErrShort) && len(lengths) > 1 {
				continue // with this tokenizer too little text
			}
			if err != nil {
				return nil, err
			}
			few = few[:min(len(few), n-len(rows))]
			rows, made = append(rows, few...), made+len(few)
		}
		if made == 0 {
			return nil, fmt.Errorf("no text of %v tokens can hold questions of kind %s: %w", lengths, kind, long.ErrShort)
		}
	}
	return rows, nil
}

// longGroup makes the rows of one length and round: one for each depth.
func longGroup(o long.Options, books []string, round int, seed uint64) ([]task.Row, error) {
	at := random.At(seed, uint64(round)<<32|uint64(o.Tokens))
	from := at.Uint64()
	o.Room = min(longRoom, o.Tokens/4)
	depths := make([]float64, longDepths)
	for i := range depths {
		// From the middle of a tenth, so that a statement that begins a sentence later
		// is in it too.
		depths[i] = (float64(i) + 0.25 + 0.4*float64(at.Below(1000))/1000) / longDepths
	}
	each, tries := longDepths, 0
	if o.Kind == long.Passkey {
		each = 1
	}
	var rows []task.Row
	for len(depths) > 0 {
		if len(books) > 0 {
			o.Text = long.Enough(from, books, o.Tokens)
		}
		n := min(each, len(depths))
		o.Depths = depths[:n]
		d, err := long.Make(from, o)
		switch {
		case err == nil:
			for i := range d.Questions {
				rows = append(rows, longRow(d, i, o.Tokens, depths[i], fmt.Sprintf("%d-%d-%d", o.Tokens, round, len(rows))))
			}
			depths = depths[n:]
		case !errors.Is(err, long.ErrShort) || each == 1 && (len(books) == 0 || tries == mostTries):
			return nil, err
		case len(books) > 0 && tries < mostTries:
			from = at.Uint64() // about another text there is more to ask
			tries++
		default:
			each /= 2 // fewer questions on a text
		}
	}
	return rows, nil
}

// mostTries is how many texts are tried about which too little can be asked.
const mostTries = 30

func longRow(d *long.Document, i, length int, depth float64, cluster string) task.Row {
	q := &d.Questions[i]
	if d.Kind == long.Books { // the text is one that people wrote, and depth is where there was something to ask
		depth, cluster = q.Depth, cluster[:strings.LastIndexByte(cluster, '-')]
	}
	return task.Row{
		"section": lengthName(length), "cluster": cluster, "question": d.Prompt(i), "asked": q.Text, "answer": q.Answer(),
		"length": length, "depth": math.Round(depth*1000) / 1000,
	}
}

// lengthName is a length as people write it: 8k are 8192.
func lengthName(n int) string {
	if n%1024 == 0 {
		return fmt.Sprintf("%dk", n/1024)
	}
	return fmt.Sprint(n)
}

// goBooks is what each package of Go's standard library says of itself, which everybody
// with Go has.
func goBooks() ([]string, error) {
	lib, err := readLibrary()
	if err != nil {
		return nil, err
	}
	var books []string
	for _, p := range lib.packages {
		parts := []string{p.doc.Doc}
		for _, f := range p.doc.Funcs {
			parts = append(parts, f.Doc)
		}
		for _, t := range p.doc.Types {
			parts = append(parts, t.Doc)
			for _, f := range append(t.Funcs, t.Methods...) {
				parts = append(parts, f.Doc)
			}
		}
		if text := strings.TrimSpace(unwrapped(strings.Join(parts, "\n\n"))); text != "" {
			books = append(books, text)
		}
	}
	return books, nil
}

// unwrapped has the lines of a paragraph in one, but for those that are set apart.
func unwrapped(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		if !strings.Contains(p, "\n ") && !strings.Contains(p, "\n\t") {
			paragraphs[i] = strings.ReplaceAll(strings.TrimSpace(p), "\n", " ")
		}
	}
	return strings.Join(paragraphs, "\n\n")
}
