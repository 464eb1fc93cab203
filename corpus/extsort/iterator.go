package extsort

import (
	"context"
	"errors"
	"io"
)

// checkEvery is how many records pass between two looks at the context.
const checkEvery = 1 << 14

// Iterator gives the records of a Sorter in order. It must not be used by
// several goroutines at a time, nor after Close of the Sorter.
type Iterator struct {
	ctx    context.Context
	sorter *Sorter
	block  []byte  // what is left, if all is in memory
	merge  *merger // else
	count  int
	err    error
}

// Next returns the next record, which is valid until the next call, or io.EOF
// after the last. Other errors are those of the disk, with the file's name, and
// of the context.
func (it *Iterator) Next() ([]byte, error) {
	if it.err != nil {
		return nil, it.err
	}
	if it.sorter.closed {
		return nil, errors.New("extsort: Next after Close")
	}
	if it.count++; it.count%checkEvery == 1 {
		if it.err = it.ctx.Err(); it.err != nil {
			return nil, it.err
		}
	}
	record := it.block
	if it.merge != nil {
		if record, it.err = it.merge.next(); it.err != nil {
			return nil, it.err
		}
	}
	if len(record) == 0 {
		it.err = io.EOF
		return nil, io.EOF
	}
	record = record[:it.sorter.width:it.sorter.width]
	if it.merge == nil {
		it.block = it.block[it.sorter.width:]
	}
	return record, nil
}
