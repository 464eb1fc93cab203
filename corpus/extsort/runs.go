package extsort

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/polymath-lm/polymath/internal/atomicfile"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chunk is what one write takes at most, in bytes.
const chunk = 4 << 20

// run is a part of the file that is in order.
type run struct {
	offset, size int64
	sum          uint32 // CRC-32C of its bytes
}

// runs are sorted runs in one file, one after the other.
type runs struct {
	file *atomicfile.Scratch
	size int64
	at   int64 // where the file is read or written next; -1 is not known
	list []run
}

func newRuns(dir string) (*runs, error) {
	file, err := atomicfile.CreateScratch(dir)
	if err != nil {
		return nil, fmt.Errorf("sort: %w", err)
	}
	return &runs{file: file}, nil
}

func (r *runs) close() error {
	if err := r.file.Close(); err != nil {
		return fmt.Errorf("sort: %w", err)
	}
	return nil
}

// seek goes to a place of the file.
func (r *runs) seek(offset int64) error {
	if r.at == offset {
		return nil
	}
	r.at = -1
	if _, err := r.file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	r.at = offset
	return nil
}

// runWriter appends one run.
type runWriter struct {
	to  *runs
	run run
	err error
}

func (r *runs) begin() *runWriter { return &runWriter{to: r, run: run{offset: r.size}} }

// write appends to the run; end reports its errors.
func (w *runWriter) write(p []byte) {
	if w.err != nil {
		return
	}
	if w.err = w.to.seek(w.to.size); w.err != nil {
		return
	}
	w.run.sum = crc32.Update(w.run.sum, castagnoli, p)
	for len(p) > 0 {
		n, err := w.to.file.Write(p[:min(len(p), chunk)])
		w.to.size += int64(n)
		w.to.at += int64(n)
		if err != nil {
			w.err = err
			return
		}
		p = p[n:]
	}
}

func (w *runWriter) end() error {
	if w.err != nil {
		return fmt.Errorf("sort: %w", w.err)
	}
	w.run.size = w.to.size - w.run.offset
	w.to.list = append(w.to.list, w.run)
	return nil
}

// runReader reads one run through a block of memory.
type runReader struct {
	from  *runs
	run   run
	block []byte // memory
	data  []byte // what is left of it, the current record first
	done  int64  // bytes of the run read
	sum   uint32
	key   uint64 // the first bytes of the current record
}

// fill reads the next block; no data afterwards is the end.
func (r *runReader) fill() error {
	n := min(int64(len(r.block)), r.run.size-r.done)
	r.data = r.block[:n]
	if n == 0 {
		if r.sum != r.run.sum {
			return fmt.Errorf("sort: %s reads back other bytes than were written: the disk or its driver is faulty", r.from.file.Path())
		}
		return nil
	}
	err := r.from.seek(r.run.offset + r.done)
	if err == nil {
		_, err = io.ReadFull(r.from.file, r.data)
		r.from.at += n
	}
	if err != nil {
		r.from.at = -1
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("%s was cut while it was in use", r.from.file.Path())
		}
		return fmt.Errorf("sort: %w", err)
	}
	r.sum = crc32.Update(r.sum, castagnoli, r.data)
	r.done += n
	return nil
}
