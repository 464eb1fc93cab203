package corpus

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/polymath-lm/polymath/corpus/clean"
	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/segment"
	"github.com/polymath-lm/polymath/corpus/source"
)

// FindText returns the numbers of the documents that have the text as their
// content or as what was left of it, in order. A line feed at its end more or less,
// and what the step unicode mends, make no difference.
func (c *Corpus) FindText(text []byte) ([]uint32, error) {
	tries := [][]byte{text, bytes.TrimRight(text, "\r\n"), append(slices.Clone(text), '\n')}
	var o clean.UnicodeOptions
	o.SetDefaults()
	step, err := clean.NewUnicode(o)
	if err != nil {
		return nil, err
	}
	var d document.Document
	d.Reset(slices.Clone(text))
	step.Worker().Apply(&d)
	tries = append(tries, d.Text(), bytes.TrimRight(d.Text(), "\n"))
	var all []uint32
	for _, t := range tries {
		if len(t) == 0 {
			continue
		}
		numbers, err := c.Find(document.NewID(t))
		if err != nil {
			return nil, err
		}
		all = append(all, numbers...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// SplitPlace parts "FILE#RECORD". Without a number at the end record is -1.
func SplitPlace(text string) (file string, record int64) {
	if at := strings.LastIndexByte(text, '#'); at > 0 {
		if n, err := strconv.ParseInt(text[at+1:], 10, 64); err == nil && n >= 0 {
			return text[:at], n
		}
	}
	return text, -1
}

// maxFound bounds the documents that a search for a place returns.
const maxFound = 1000

// FindPlace returns the numbers of the documents of an input file, by its path or
// its name, and how many records the file has; of one record where it is not
// negative. known says whether there is such a file.
func (c *Corpus) FindPlace(ctx context.Context, file string, record int64) (numbers []uint32, records int64, known bool, err error) {
	file = source.ShownPattern(file)
	var in []int // the segments that hold some of it
	paths := map[string]bool{}
	err = eachSummary(c.view.dir, c.view.key, func(s *Summary) error {
		files := s.Read
		if s.Open != nil {
			files = append(slices.Clone(files), *s.Open)
		}
		held := false
		for i := range files {
			if f := &files[i]; f.Path == file || f.Name == file || path.Clean(f.Path) == path.Clean(file) {
				paths[f.Path], held = true, true
				records = max(records, f.Records)
			}
		}
		if held {
			in = append(in, s.Number)
		}
		return ctx.Err()
	})
	if err != nil || len(in) == 0 {
		return nil, 0, false, err
	}
	numbers, err = c.scan(ctx, in, nil, func(r *segment.Record) bool {
		return paths[r.Origin.File] && (record < 0 || r.Origin.Record == record)
	})
	return numbers, records, true, err
}

// FindAddress returns the numbers of the documents whose metadata say that url or
// path. It reads what is known of all documents, and calls progress with the number of
// segments done.
func (c *Corpus) FindAddress(ctx context.Context, url string, progress func(done, all int)) ([]uint32, error) {
	segments := make([]int, len(c.view.segments))
	for i := range segments {
		segments[i] = i
	}
	return c.scan(ctx, segments, progress, func(r *segment.Record) bool { return r.Meta["url"] == url || r.Meta["path"] == url })
}

// scan returns the first documents of these segments that are wanted. It reads
// several segments at the same time.
func (c *Corpus) scan(ctx context.Context, segments []int, progress func(done, all int), wanted func(*segment.Record) bool) ([]uint32, error) {
	var mu sync.Mutex
	var numbers []uint32
	done := 0
	err := parallel(ctx, len(segments), func(i int) error {
		var found []uint32
		at := segments[i]
		err := c.records(ctx, at, func(index int64, r *segment.Record) {
			if wanted(r) && len(found) < maxFound {
				found = append(found, uint32(c.view.segments[at].first+index))
			}
		})
		mu.Lock()
		defer mu.Unlock()
		numbers = append(numbers, found...)
		if done++; progress != nil {
			progress(done, len(segments))
		}
		return err
	})
	slices.Sort(numbers)
	return numbers[:min(len(numbers), maxFound)], err
}

// records calls do with the records of a segment as they were when it was
// written.
func (c *Corpus) records(ctx context.Context, at int, do func(index int64, r *segment.Record)) error {
	r, err := segment.Open(c.view.dir, at, segment.Parts{})
	if err != nil {
		return err
	}
	defer r.Close()
	var rec segment.Record
	for index := range c.view.segments[at].count {
		if index%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if _, _, err := r.Next(&rec); err != nil {
			return fmt.Errorf("segment %d: %w", at, err)
		}
		do(index, &rec)
	}
	return nil
}

// parallel calls do with 0 to n-1, several at the same time, and returns the first
// error.
func parallel(ctx context.Context, n int, do func(i int) error) error {
	var wait sync.WaitGroup
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wait.Go(func() {
			if err := do(i); err != nil {
				stop(err)
			}
			<-slots
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
