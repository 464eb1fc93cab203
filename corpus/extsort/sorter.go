// Package extsort sorts more records than memory holds.
//
// Records have one width and the order of bytes.Compare, so a key is whatever
// their first bytes are, most significant byte first, and the result is the
// same in whatever order they came. Equal records all stay. Records that fit
// into the memory are sorted there; others are written to disk in sorted runs,
// which are merged.
package extsort

import (
	"context"
	"errors"
	"fmt"
)

// maxRuns bounds the runs that are merged at a time, and minBlock is what is
// read of each at a time where the memory allows it, in bytes.
const (
	maxRuns  = 256
	minBlock = 64 << 10
)

// Sorter takes records and gives them back in order. It must not be used by
// several goroutines at a time.
type Sorter struct {
	dir   string
	width int
	// memory is that of buf in bytes, fanIn the runs that are merged at a time.
	memory, fanIn int
	buf           []byte // records not yet on disk; later the blocks of the merge
	runs          *runs  // nil while all is in memory
	records       int64
	sorted        bool
	closed        bool
	err           error // the first failure; every later call returns it
}

// New returns a Sorter for records of width bytes. It uses about memory bytes
// and, beyond those, one file in dir or two for a while; each record takes its
// width there. Whoever calls New calls Close.
func New(dir string, width int, memory int64) (*Sorter, error) {
	if width < 1 {
		return nil, fmt.Errorf("extsort: records of %d bytes; they need at least one", width)
	}
	if least := 3 * int64(width); memory < least {
		return nil, fmt.Errorf("extsort: %d bytes of memory; records of %d need at least %d", memory, width, least)
	}
	const most = 1 << 40
	m := int(min(memory, most)) / width * width
	fanIn := max(2, min(maxRuns, m/max(minBlock, width)-1))
	return &Sorter{dir: dir, width: width, memory: m, fanIn: fanIn}, nil
}

// Len returns the number of records added.
func (s *Sorter) Len() int64 { return s.records }

// Add takes one record, or several one after the other, and copies them. After
// an error, which names the file that could not be written, the Sorter only fails.
func (s *Sorter) Add(records []byte) error {
	if s.err != nil {
		return s.err
	}
	if s.sorted {
		return errors.New("extsort: a record after Sort or Close")
	}
	if len(records)%s.width != 0 {
		return fmt.Errorf("extsort: %d bytes are no whole records of %d", len(records), s.width)
	}
	s.records += int64(len(records) / s.width)
	if s.buf == nil && len(records) > 0 {
		buf, err := allocate(s.memory) // the system gives pages when they are touched
		if err != nil {
			return fmt.Errorf("sort: %d bytes of memory: %w", s.memory, err)
		}
		s.buf = buf[:0]
	}
	for len(records) > 0 {
		if len(s.buf) == cap(s.buf) {
			if err := s.spill(); err != nil {
				return err
			}
		}
		n := min(len(records), cap(s.buf)-len(s.buf))
		s.buf = append(s.buf, records[:n]...)
		records = records[n:]
	}
	return nil
}

// spill writes what is in memory to disk as one run.
func (s *Sorter) spill() error {
	sortRecords(s.buf, s.width)
	if s.runs == nil {
		s.runs, s.err = newRuns(s.dir)
		if s.err != nil {
			return s.err
		}
	}
	w := s.runs.begin()
	w.write(s.buf)
	s.err = w.end()
	s.buf = s.buf[:0]
	return s.err
}

// Sort ends the adding and returns the records in order. It may be called once.
// The Iterator lives until Close of the Sorter, and ends with the context's
// error when ctx is done.
func (s *Sorter) Sort(ctx context.Context) (*Iterator, error) {
	if s.err != nil {
		return nil, s.err
	}
	if s.sorted {
		return nil, errors.New("extsort: Sort after Sort or Close")
	}
	s.sorted = true
	if s.runs == nil {
		sortRecords(s.buf, s.width)
		return &Iterator{ctx: ctx, sorter: s, block: s.buf}, nil
	}
	if len(s.buf) > 0 {
		if err := s.spill(); err != nil {
			return nil, err
		}
	}
	s.buf = s.buf[:cap(s.buf)]
	for len(s.runs.list) > s.fanIn {
		if s.err = s.mergeAll(ctx); s.err != nil {
			return nil, s.err
		}
	}
	m, err := s.merge(s.runs, s.runs.list, s.buf)
	if err != nil {
		s.err = err
		return nil, err
	}
	return &Iterator{ctx: ctx, sorter: s, merge: m}, nil
}

// mergeAll merges the runs into fewer, in another file.
func (s *Sorter) mergeAll(ctx context.Context) error {
	next, err := newRuns(s.dir)
	if err != nil {
		return err
	}
	for list := s.runs.list; len(list) > 0; {
		n := min(s.fanIn, len(list))
		if err := s.mergeSome(ctx, list[:n], next); err != nil {
			return errors.Join(err, next.close())
		}
		list = list[n:]
	}
	old := s.runs
	s.runs = next
	return old.close()
}

// mergeSome makes one run of several.
func (s *Sorter) mergeSome(ctx context.Context, list []run, into *runs) error {
	block := len(s.buf) / (len(list) + 1) / s.width * s.width
	out, in := s.buf[:0:block], s.buf[block:]
	m, err := s.merge(s.runs, list, in)
	if err != nil {
		return err
	}
	w := into.begin()
	for {
		record, err := m.next()
		if err != nil {
			return err
		}
		if len(out)+len(record) > cap(out) || record == nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			w.write(out)
			out = out[:0]
		}
		if record == nil || w.err != nil {
			return w.end()
		}
		out = append(out, record...)
	}
}

// Close gives the memory back, removes what is on disk and ends the Iterator, the
// records of which are gone. Closing again does nothing.
func (s *Sorter) Close() error {
	var err error
	if s.buf != nil {
		err = free(s.buf)
	}
	if s.runs != nil {
		err = errors.Join(err, s.runs.close())
	}
	s.sorted, s.closed, s.buf, s.runs = true, true, nil, nil
	return err
}
