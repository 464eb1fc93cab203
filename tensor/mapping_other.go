//go:build !unix

package tensor

import (
	"io"
	"os"
)

func mapFile(file *os.File, size int) (data []byte, unmap func([]byte) error, err error) {
	data = Bytes(make([]uint64, (size+7)/8))[:size] // aligned, as a mapping is
	_, err = io.ReadFull(file, data)
	return data, nil, err
}
