package conversation

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/model/vision"
	"github.com/polymath-lm/polymath/shard"
	"github.com/polymath-lm/polymath/tensor"
)

// Rules for examples that are longer than a row of training.
const (
	Cut  = "cut"  // learn from their beginning
	Drop = "drop" // leave them out
)

// Options says how files become shards.
type Options struct {
	Encoder // its ImageToken is Vision's
	// Vision is the tower of the model, nil without one: then objects with pictures
	// cannot be used.
	Vision *vision.Config
	// MaxTokens is the longest example, in tokens that predict another: the length
	// of a row. TooLong is the rule for longer ones, Cut or Drop. One that is cut
	// before its first answer is left out. Texts of which all is learned are split
	// instead, into several documents of one name.
	MaxTokens int
	TooLong   string
	// SkipBad leaves lines out that cannot be read; else they are an error.
	SkipBad bool
	// Progress, if not nil, is told the share of the files that has been read. An
	// error from it ends the work.
	Progress func(share float64) error
	// Before, if not nil, is called with the report when all is written but the
	// manifest, which makes the files a set of shards.
	Before func(*Report) error
}

// Hash returns the SHA-256 of a file in hexadecimal.
func Hash(path string) (string, error) {
	m, err := tensor.Map(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(m.Bytes())
	return hex.EncodeToString(sum[:]), m.Close()
}

// Prepare writes shards of the examples in the files into dir, in the files'
// order. A document's name is the first half of the SHA-256 of its object's bytes;
// of one with a group or pictures the first half of that name is of the group's or
// the first picture's SHA-256 instead, so that all of it is on one side of a split.
// Nothing is left out without being counted in the report. Files without any
// example are an error, and so are objects that cannot be read unless o.SkipBad,
// as a *BadLinesError.
//
// As many pictures are decoded at a time as there are workers, but no more pixels
// than four of the largest that PictureLimits allows have. Beside what these take
// and the files of as many pictures, 64 MiB of objects are in memory, or one of
// them, 32 MiB of pictures of which shards have the views and one for each worker,
// and 32 MiB of garbage.
func Prepare(files []string, dir string, o Options) (*Report, error) {
	return newPreparation(o).run(files, dir)
}

func (p *preparation) run(files []string, dir string) (*Report, error) {
	o := &p.options
	h := shard.Header{TokenizerHash: o.Tokenizer.Hash(), VocabSize: o.Tokenizer.VocabSize(), EndOfText: max(o.End, 0), Masked: true}
	if o.Vision != nil {
		h.ImageToken = o.ImageToken
	}
	if err := p.measure(files); err != nil {
		return nil, err
	}
	var err error
	if p.writer, err = shard.NewWriter(dir, h); err != nil {
		return nil, err
	}
	defer p.writer.Abort()
	for _, path := range files {
		if err := p.file(path); err != nil {
			return nil, err
		}
	}
	if p.report.Bad > 0 && !o.SkipBad {
		return nil, &BadLinesError{Files: files, Objects: p.report.Objects, Bad: p.report.Bad, Lines: p.report.BadLines, Key: "data.skip_bad (--skip-bad)"}
	}
	if p.report.Examples == 0 {
		return nil, fmt.Errorf("%s: there is no example to learn from: %d objects, %d of them too long, %d that cannot be read",
			strings.Join(files, ", "), p.report.Objects, p.report.Dropped, p.report.Bad)
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
	options    Options
	writer     *shard.Writer
	report     Report
	size, done int64  // bytes of all files, and of those that were read
	dir        string // of the file that is read
	batch      []item
	batchBytes int
	viewer
}

func newPreparation(o Options) *preparation {
	p := &preparation{options: o, report: Report{Forms: map[string]int{}, Ignored: map[string]int{}}}
	p.options.ImageToken = -1
	if o.Vision != nil {
		p.options.ImageToken = int32(o.Vision.ImageTokenID)
	}
	p.decoder, p.keep = newDecoder(decodedPictures*PictureLimits().Pixels), keptBytes
	return p
}

// measure adds up the sizes of the files.
func (p *preparation) measure(files []string) error {
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		p.size += info.Size()
	}
	return nil
}

// file goes through the objects of a file.
func (p *preparation) file(path string) error {
	r, err := openObjects(path)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer r.close()
	p.dir = filepath.Dir(path)
	for number := 1; ; number++ {
		line, object, rest, err := r.next()
		if errors.Is(err, io.EOF) {
			p.done += r.size
			return p.flush(p.done)
		}
		where := r.where(path, line, number)
		if err != nil {
			return fmt.Errorf("%s%w", where, err)
		}
		p.batch = append(p.batch, item{where: where, data: object})
		if p.batchBytes += len(object); len(p.batch) < batchSize && p.batchBytes < batchBytes {
			continue
		}
		if err := p.flush(p.done + r.size - rest); err != nil {
			return err
		}
	}
}

func (p *preparation) add(it *item) error {
	r := &p.report
	r.Objects++
	if it.err != nil {
		p.bad(it)
		return nil
	}
	docs, rule := p.fit(it)
	if it.err != nil {
		p.bad(it)
		return nil
	}
	r.Forms[it.example.Form]++
	for _, key := range it.example.Ignored {
		if _, ok := r.Ignored[key]; !ok && len(r.Ignored) >= maxIgnored {
			key = otherKeys
		}
		r.Ignored[key]++
	}
	if rule != nil {
		*rule++
	}
	if len(docs) > 0 {
		r.Examples++
	}
	for i := range docs {
		if err := p.write(it, &docs[i]); err != nil {
			return err
		}
	}
	return nil
}

// bad counts an object that cannot be used.
func (p *preparation) bad(it *item) {
	p.report.Bad++
	if len(p.report.BadLines) < maxListed {
		p.report.BadLines = append(p.report.BadLines, it.where+it.err.Error())
	}
}

// fit makes documents of an example that fit into a row, and says which counter
// of the report tells so; nil if it fits as it is.
func (p *preparation) fit(it *item) ([]document, *int) {
	r, most := &p.report, p.options.MaxTokens+1
	if len(it.tokens) <= most {
		return []document{it.document}, nil
	}
	if it.example.Form == "text" {
		parts := it.split(most)
		if parts == nil {
			it.err = bad("images", "the pictures with no text between do not fit into a row of %d tokens", p.options.MaxTokens)
		}
		return parts, &r.Split
	}
	cut := it.part(0, it.end(most))
	if p.options.TooLong == Drop || count(cut.learned, true) == 0 {
		return nil, &r.Dropped
	}
	return []document{cut}, &r.CutShort
}

func (p *preparation) write(it *item, d *document) error {
	sum := sha256.Sum256(it.data)
	id := shard.ID(sum[:16])
	if group := it.example.Group; group != "" {
		sum := sha256.Sum256([]byte(group))
		copy(id[:8], sum[:8])
	} else if len(it.seen) > 0 {
		copy(id[:8], it.seen[0].sum[:8])
	}
	pictures, err := p.store(it, d)
	if err != nil {
		return fmt.Errorf("%s%w", it.where, err)
	}
	for i, x := range d.pictures {
		p.report.ImageTokens += int64(pictures[i].Tokens)
		if it.seen[x.number].views {
			p.report.Shrunk++
		}
		if it.example.Pictures[x.number].Path != "" {
			p.report.PictureFiles++
		}
	}
	p.report.Pictures += len(pictures)
	p.report.Tokens += int64(len(d.tokens) - 1)
	p.report.Learned += int64(count(d.learned, true))
	if err := p.writer.AddPictures(pictures); err != nil {
		return err
	}
	return p.writer.AddMasked(id, d.tokens, d.learned)
}
