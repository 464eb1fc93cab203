// Package parquetfile reads Parquet files and believes nothing of what they say of
// their own sizes: a page is looked at before the library unpacks it.
package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Guard makes an error of a panic: the library panics on some damaged files.
func Guard(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the Parquet file is damaged: %v", r)
		}
	}()
	return fn()
}

// CheckFooter makes sure that the metadata at the end of a file state no more
// than they hold.
func CheckFooter(at io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return errors.New("this is no Parquet file: it is too short")
	}
	if _, err := at.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(tail[:]))
	switch {
	case string(tail[4:]) == "PARE":
		return errors.New("this Parquet file is encrypted; decrypt it first")
	case string(tail[4:]) != "PAR1" || n > size-12:
		return errors.New("this is no Parquet file, or it is cut off: its end is missing")
	case n > maxFooter:
		return fmt.Errorf("its metadata have %d bytes, more than %d; write it with fewer row groups or columns", n, maxFooter)
	}
	footer := make([]byte, n)
	if _, err := at.ReadAt(footer, size-8-n); err != nil && err != io.EOF {
		return err
	}
	c := &compact{b: footer}
	if err := c.structure(nil); err != nil {
		return fmt.Errorf("its metadata are damaged: %w", err)
	}
	if c.items > len(footer)/2+64 {
		return errors.New("its metadata are damaged: lists of nothing")
	}
	return nil
}
