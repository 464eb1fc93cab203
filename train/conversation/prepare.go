package conversation

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/internal/par"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tensor"
)

// Rules for examples that are longer than a row of training.
const (
	Cut  = "cut"  // learn from their beginning
	Drop = "drop" // leave them out
)

// Options says how a file becomes shards.
type Options struct {
	Encoder
	// MaxTokens is the longest example, in tokens that predict another: the length
	// of a row. TooLong is the rule for longer ones, Cut or Drop. One that is cut
	// before its first answer is left out. Texts of which all is learned are split
	// instead, into several documents of one name.
	MaxTokens int
	TooLong   string
	// SkipBad leaves lines out that cannot be read; else they are an error.
	SkipBad bool
	// Progress, if not nil, is told the share of the file that has been read. An
	// error from it ends the work.
	Progress func(share float64) error
	// Before, if not nil, is called with the report when all is written but the
	// manifest, which makes the files a set of shards.
	Before func(*Report) error
}

// Report counts what became of a file's objects.
type Report struct {
	Objects int `json:"objects"`
	// Examples are in the shards. Tokens of them are read in an epoch, and Learned
	// of those predict a token that is learned.
	Examples int   `json:"examples"`
	Tokens   int64 `json:"tokens"`
	Learned  int64 `json:"learned"`
	// CutShort examples are longer than a row and end with it; Dropped ones are
	// left out for their length. Split are texts that go on in further rows.
	CutShort int `json:"cut_short"`
	Dropped  int `json:"dropped"`
	Split    int `json:"split"`
	// Bad objects could not be read; BadLines says why of the first of them.
	Bad      int      `json:"bad"`
	BadLines []string `json:"bad_lines,omitempty"`
	// Forms counts the objects of each form, Ignored the keys that have no meaning
	// here.
	Forms   map[string]int `json:"forms"`
	Ignored map[string]int `json:"ignored,omitempty"`
}

// BadLinesError refuses a file with objects that cannot be read.
type BadLinesError struct {
	File    string
	Objects int
	Bad     int
	Lines   []string // the first of them, as file:line: field: problem
}

// Error lists them.
func (e *BadLinesError) Error() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %d of %d objects cannot be used:", e.File, e.Bad, e.Objects)
	for _, line := range e.Lines {
		b.WriteString("\n  " + line)
	}
	if e.Bad > len(e.Lines) {
		fmt.Fprintf(&b, "\n  and %d more", e.Bad-len(e.Lines))
	}
	b.WriteString("\nMend them, or skip them with data.skip_bad (--skip-bad)")
	return b.String()
}

// maxListed is how many bad lines are told.
const maxListed = 10

// maxIgnored is how many keys without a meaning are counted by name; the rest is
// under otherKeys, so that a file whose keys are data does not fill the report.
const (
	maxIgnored = 100
	otherKeys  = "(other keys)"
)

// Hash returns the SHA-256 of a file in hexadecimal.
func Hash(path string) (string, error) {
	m, err := tensor.Map(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(m.Bytes())
	return hex.EncodeToString(sum[:]), m.Close()
}

// Prepare writes shards of the examples in the file at path into dir, in the
// file's order; a document's name is the first half of the SHA-256 of its
// object's bytes. Nothing is left out without being counted in the report. A
// file without any example is an error, and so are objects that cannot be read
// unless o.SkipBad, as a *BadLinesError.
func Prepare(path, dir string, o Options) (*Report, error) {
	m, err := tensor.Map(path)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	p := &preparation{path: path, options: o, report: Report{Forms: map[string]int{}, Ignored: map[string]int{}}}
	p.writer, err = shard.NewWriter(dir, shard.Header{
		TokenizerHash: o.Tokenizer.Hash(), VocabSize: o.Tokenizer.VocabSize(), EndOfText: max(o.End, 0), Masked: true,
	})
	if err != nil {
		return nil, err
	}
	defer p.writer.Abort()
	if err := p.read(m.Bytes()); err != nil {
		return nil, err
	}
	if p.report.Bad > 0 && !o.SkipBad {
		return nil, &BadLinesError{File: path, Objects: p.report.Objects, Bad: p.report.Bad, Lines: p.report.BadLines}
	}
	if p.report.Examples == 0 {
		return nil, fmt.Errorf("%s holds no example to learn from: %d objects, %d of them too long, %d that cannot be read", path, p.report.Objects, p.report.Dropped, p.report.Bad)
	}
	if o.Before != nil {
		if err := o.Before(&p.report); err != nil {
			return nil, err
		}
	}
	if _, err := p.writer.Close(); err != nil {
		return nil, err
	}
	return &p.report, nil
}

// preparation is one Prepare.
type preparation struct {
	path    string
	options Options
	writer  *shard.Writer
	report  Report
	batch   []item
	array   bool
}

// which says the number of the last object in an array, where lines may not tell.
func (p *preparation) which() string {
	if !p.array {
		return ""
	}
	return fmt.Sprintf("object %d: ", p.report.Objects)
}

// item is an object on its way.
type item struct {
	line    int
	data    []byte
	example *Example
	tokens  []int32
	learned []bool
	err     error
}

// batchSize is how many objects are encoded at a time.
const batchSize = 256

// read goes through the objects of a file.
func (p *preparation) read(data []byte) error {
	next, err := objects(data)
	if err != nil {
		return fmt.Errorf("%s: %w", p.path, err)
	}
	p.array = isArray(data)
	for {
		line, object, rest, err := next()
		if errors.Is(err, io.EOF) {
			return p.flush()
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", p.path, line, err)
		}
		p.batch = append(p.batch, item{line: line, data: object})
		if len(p.batch) < batchSize {
			continue
		}
		if err := p.flush(); err != nil {
			return err
		}
		if p.options.Progress != nil {
			if err := p.options.Progress(1 - float64(rest)/float64(len(data))); err != nil {
				return err
			}
		}
	}
}

// flush encodes the batch in parallel and adds it in order.
func (p *preparation) flush() error {
	par.For(len(p.batch), func(_, i int) {
		it := &p.batch[i]
		if it.example, it.err = Parse(it.data); it.err == nil {
			it.tokens, it.learned, it.err = p.options.Encode(it.example)
		}
	})
	for i := range p.batch {
		if err := p.add(&p.batch[i]); err != nil {
			return err
		}
	}
	p.batch = p.batch[:0]
	return nil
}

func (p *preparation) add(it *item) error {
	r := &p.report
	r.Objects++
	if it.err != nil {
		r.Bad++
		if len(r.BadLines) < maxListed {
			r.BadLines = append(r.BadLines, fmt.Sprintf("%s:%d: %s%v", p.path, it.line, p.which(), it.err))
		}
		return nil
	}
	r.Forms[it.example.Form]++
	for _, key := range it.example.Ignored {
		if _, ok := r.Ignored[key]; !ok && len(r.Ignored) >= maxIgnored {
			key = otherKeys
		}
		r.Ignored[key]++
	}
	tokens, learned := it.tokens, it.learned
	sum := sha256.Sum256(it.data)
	id := shard.ID(sum[:16])
	if most := p.options.MaxTokens + 1; len(tokens) > most {
		if it.example.Form == "text" {
			r.Split++
			r.Examples++
			return p.addText(id, tokens, learned)
		}
		tokens, learned = tokens[:most], learned[:most]
		if p.options.TooLong == Drop || count(learned) == 0 {
			r.Dropped++
			return nil
		}
		r.CutShort++
	}
	r.Examples++
	return p.write(id, tokens, learned)
}

// addText adds a text in pieces of a row each, which share a token: each but the
// first of the text is predicted once.
func (p *preparation) addText(id shard.ID, tokens []int32, learned []bool) error {
	for len(tokens) > 1 {
		n := min(len(tokens), p.options.MaxTokens+1)
		learned[0] = false // it is there to begin from
		if err := p.write(id, tokens[:n], learned[:n]); err != nil {
			return err
		}
		tokens, learned = tokens[n-1:], learned[n-1:]
	}
	return nil
}

func (p *preparation) write(id shard.ID, tokens []int32, learned []bool) error {
	p.report.Tokens += int64(len(tokens) - 1)
	p.report.Learned += count(learned)
	return p.writer.AddMasked(id, tokens, learned)
}

func count(mask []bool) (n int64) {
	for _, m := range mask {
		if m {
			n++
		}
	}
	return n
}
