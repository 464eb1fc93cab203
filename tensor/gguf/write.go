package gguf

import (
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

// maxName is the longest name of a tensor that the reference reads.
const maxName = 63

// Write writes a file of version 3 to path, which is replaced as a whole or
// stays as it was, and returns the file's SHA-256 in hexadecimal. Metadata and
// tensors keep their order, each tensor begins at a multiple of 32, and the bytes
// are a function of the arguments alone. What GGUF cannot hold is an error that
// names the key or tensor, and nothing is written.
func Write(path string, metadata []Pair, tensors []tensor.Source) (sha256hex string, err error) {
	head, sizes, err := encodeHeader(metadata, tensors)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		if _, err := w.Write(head); err != nil {
			return err
		}
		for i, s := range tensors {
			if err := s.WriteData(w); err != nil {
				return fmt.Errorf("%s: tensor %q: %w", path, s.Name, err)
			}
			if _, err := w.Write(make([]byte, aligned(sizes[i])-sizes[i])); err != nil {
				return err
			}
		}
		return nil
	})
}

func aligned(n int) int { return (n + defaultAlignment - 1) / defaultAlignment * defaultAlignment }

// encodeHeader returns the file's beginning up to the data, and each tensor's
// size in bytes.
func encodeHeader(metadata []Pair, tensors []tensor.Source) (head []byte, sizes []int, err error) {
	e := &encoder{out: []byte(magic)}
	e.u32(3)
	e.u64(uint64(len(tensors)))
	e.u64(uint64(len(metadata)))
	if err := e.pairs(metadata); err != nil {
		return nil, nil, err
	}
	seen, at := map[string]bool{}, 0
	for _, s := range tensors {
		if seen[s.Name] {
			return nil, nil, fmt.Errorf("tensor %q: given twice", s.Name)
		}
		seen[s.Name] = true
		size, err := e.entry(s, at)
		if err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", s.Name, err)
		}
		sizes = append(sizes, size)
		at += aligned(size)
	}
	return append(e.out, make([]byte, aligned(len(e.out))-len(e.out))...), sizes, nil
}

// entry writes a tensor's description, and returns its size.
func (e *encoder) entry(s tensor.Source, at int) (size int, err error) {
	number, err := numberOf(s.DType)
	if err != nil {
		return 0, err
	}
	switch {
	case len(s.Name) == 0 || len(s.Name) > maxName:
		return 0, fmt.Errorf("a name of %d bytes: 1 to %d are allowed", len(s.Name), maxName)
	case len(s.Shape) == 0 || len(s.Shape) > maxDims:
		return 0, fmt.Errorf("%d dimensions: 1 to %d are allowed", len(s.Shape), maxDims)
	}
	if size, err = tensor.SizeBytes(s.DType, s.Shape); err != nil {
		return 0, err
	}
	e.text(s.Name)
	e.u32(uint32(len(s.Shape)))
	for i := len(s.Shape) - 1; i >= 0; i-- { // innermost first
		e.u64(uint64(s.Shape[i]))
	}
	e.u32(number)
	e.u64(uint64(at))
	return size, nil
}
