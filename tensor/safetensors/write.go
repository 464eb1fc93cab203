package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor"
)

// Source is a tensor to be written whose data is made when its turn comes.
type Source = tensor.Source

// FromTensor returns a Source that writes t's data as it lies.
func FromTensor(t *tensor.Tensor) Source { return t.Source() }

// Write writes tensors and metadata to the file at path, which is replaced as
// a whole or stays as it was, and returns the file's SHA-256 in hexadecimal.
//
// The bytes are a function of the arguments alone, whatever the order of the
// tensors: wide formats come first and names are in order, as in files of the
// reference implementation, so all data is aligned.
func Write(path string, tensors []*tensor.Tensor, metadata map[string]string) (sha256hex string, err error) {
	return WriteSources(path, sources(tensors), metadata)
}

func sources(tensors []*tensor.Tensor) []Source {
	list := make([]Source, len(tensors))
	for i, t := range tensors {
		list[i] = FromTensor(t)
	}
	return list
}

// WriteSources is Write for data that is made on the way.
func WriteSources(path string, list []Source, metadata map[string]string) (sha256hex string, err error) {
	list = ordered(list)
	head, err := encodeHeader(list, metadata)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		if _, err := w.Write(head); err != nil {
			return err
		}
		for _, s := range list {
			if err := s.WriteData(w); err != nil {
				return fmt.Errorf("%s: tensor %q: %w", path, s.Name, err)
			}
		}
		return nil
	})
}

// rank is the reference implementation's order of formats; later ones are
// written first.
var rank = []tensor.DType{
	tensor.DTypeBool, tensor.DTypeF4, tensor.DTypeF6E2M3, tensor.DTypeF6E3M2,
	tensor.DTypeU8, tensor.DTypeI8, tensor.DTypeF8E5M2, tensor.DTypeF8E4M3, tensor.DTypeF8E8M0,
	tensor.DTypeI16, tensor.DTypeU16, tensor.DTypeF16, tensor.DTypeBF16,
	tensor.DTypeI32, tensor.DTypeU32, tensor.DTypeF32,
	tensor.DTypeC64, tensor.DTypeF64, tensor.DTypeI64, tensor.DTypeU64,
}

func ordered(list []Source) []Source {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Source) int {
		return cmp.Or(
			slices.Index(rank, b.DType)-slices.Index(rank, a.DType),
			cmp.Compare(a.Name, b.Name))
	})
	return list
}

// encodeHeader returns the file's beginning up to the data, padded so that the
// data begins at a multiple of 8.
func encodeHeader(list []Source, metadata map[string]string) (head []byte, err error) {
	buf := bytes.NewBuffer(make([]byte, 8))
	buf.WriteByte('{')
	if len(metadata) > 0 {
		if err := encodeMetadata(buf, metadata); err != nil {
			return nil, err
		}
	}
	seen, at := map[string]bool{}, 0
	for i, s := range list {
		size, err := sizeBytes(s.DType, s.Shape)
		switch {
		case err != nil:
			return nil, fmt.Errorf("tensor %q: %w", s.Name, err)
		case s.Name == metadataKey || !utf8.ValidString(s.Name):
			return nil, fmt.Errorf("tensor %q: not a possible name", s.Name)
		case seen[s.Name]:
			return nil, fmt.Errorf("tensor %q: given twice", s.Name)
		}
		seen[s.Name] = true
		if i > 0 || len(metadata) > 0 {
			buf.WriteByte(',')
		}
		encodeEntry(buf, entry{name: s.Name, dtype: s.DType, shape: s.Shape, begin: at, end: at + size})
		at += size
	}
	buf.WriteByte('}')
	for buf.Len()%8 != 0 {
		buf.WriteByte(' ')
	}
	head = buf.Bytes()
	length := len(head) - 8
	if length > maxHeader {
		return nil, fmt.Errorf("header of %d bytes is longer than the allowed %d", length, maxHeader)
	}
	binary.LittleEndian.PutUint64(head, uint64(length))
	return head, nil
}

func encodeMetadata(buf *bytes.Buffer, metadata map[string]string) error {
	encodeString(buf, metadataKey)
	buf.WriteString(":{")
	for i, key := range slices.Sorted(maps.Keys(metadata)) {
		if !utf8.ValidString(key) || !utf8.ValidString(metadata[key]) {
			return fmt.Errorf("metadata %q is not UTF-8", key)
		}
		if i > 0 {
			buf.WriteByte(',')
		}
		encodeString(buf, key)
		buf.WriteByte(':')
		encodeString(buf, metadata[key])
	}
	buf.WriteByte('}')
	return nil
}

func encodeEntry(buf *bytes.Buffer, e entry) {
	encodeString(buf, e.name)
	buf.WriteString(`:{"dtype":`)
	encodeString(buf, string(e.dtype))
	buf.WriteString(`,"shape":[`)
	for i, n := range e.shape {
		if i > 0 {
			buf.WriteByte(',')
		}
		fmt.Fprintf(buf, "%d", n)
	}
	fmt.Fprintf(buf, `],"data_offsets":[%d,%d]}`, e.begin, e.end)
}

// encodeString writes s as JSON without the escapes that only HTML needs.
func encodeString(buf *bytes.Buffer, s string) {
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	buf.Truncate(buf.Len() - 1) // Encode ends with a line break
}
