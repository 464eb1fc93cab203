package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/tensor"
)

// maxHeader is the format's own limit for the JSON header.
const maxHeader = 100_000_000

// maxDims bounds shapes; the reference's libraries allow no more.
const maxDims = 64

const metadataKey = "__metadata__"

// header is what a file says about its content.
type header struct {
	entries  []entry // in the order of the data
	metadata map[string]string
	start    int // where the data begins in the file
}

// entry describes one tensor; offsets count from the start of the data.
type entry struct {
	name       string
	dtype      tensor.DType
	shape      []int
	begin, end int
}

// parseHeader reads and checks the header of a whole file.
func parseHeader(file []byte) (*header, error) {
	if what := tensor.Foreign(file); what != "" {
		return nil, errors.New(what)
	}
	if len(file) < 8 {
		return nil, fmt.Errorf("truncated: %d bytes, and the length of the header alone takes 8", len(file))
	}
	length := binary.LittleEndian.Uint64(file)
	switch {
	case length > maxHeader:
		return nil, fmt.Errorf("header of %d bytes is longer than the allowed %d: not a safetensors file?", length, maxHeader)
	case length > uint64(len(file)-8):
		return nil, fmt.Errorf("truncated: header of %d bytes in a file of %d", length, len(file))
	}
	h := &header{start: 8 + int(length)}
	text := file[8:h.start]
	switch {
	case len(text) == 0 || text[0] != '{':
		return nil, errors.New("header does not begin with '{': not a safetensors file?")
	case !utf8.Valid(text):
		return nil, errors.New("header is not UTF-8")
	}
	if err := h.parse(text); err != nil {
		return nil, err
	}
	return h, h.check(len(file) - h.start)
}

// parse fills entries and metadata from the JSON text.
func (h *header) parse(text []byte) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err := object(dec, func(key string) error {
		if key == metadataKey {
			h.metadata = map[string]string{}
			return stringsOf(dec, h.metadata)
		}
		e := entry{name: key}
		if err := e.parse(dec); err != nil {
			return fmt.Errorf("tensor %q: %w", key, err)
		}
		h.entries = append(h.entries, e)
		return nil
	})
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if rest := bytes.Trim(text[dec.InputOffset():], " "); len(rest) != 0 {
		return errors.New("header: text after the closing brace")
	}
	return nil
}

// check orders the entries by offset and sees that they fill the data exactly.
func (h *header) check(size int) error {
	slices.SortStableFunc(h.entries, func(a, b entry) int {
		if a.begin != b.begin {
			return a.begin - b.begin
		}
		return a.end - b.end
	})
	at := 0
	for _, e := range h.entries {
		want, err := sizeBytes(e.dtype, e.shape)
		switch {
		case err != nil:
			return fmt.Errorf("tensor %q: %w", e.name, err)
		case e.end < e.begin:
			return fmt.Errorf("tensor %q: ends at %d, before its begin %d", e.name, e.end, e.begin)
		case e.end > size:
			return fmt.Errorf("tensor %q: ends at %d, but the file holds %d bytes of data: truncated?", e.name, e.end, size)
		case e.end-e.begin != want:
			return fmt.Errorf("tensor %q: %d bytes of data, but %s of shape %v takes %d", e.name, e.end-e.begin, e.dtype, e.shape, want)
		case e.begin < at:
			return fmt.Errorf("tensor %q: overlaps the tensor before it", e.name)
		case e.begin > at:
			return fmt.Errorf("tensor %q: %d unused bytes before it", e.name, e.begin-at)
		}
		at = e.end
	}
	if at != size {
		return fmt.Errorf("%d unused bytes at the end", size-at)
	}
	return nil
}

// sizeBytes is tensor.SizeBytes for the formats that a file may have.
func sizeBytes(d tensor.DType, shape []int) (int, error) {
	if d.IsBlocked() {
		return 0, fmt.Errorf("safetensors has no format %s; GGUF has", d)
	}
	return tensor.SizeBytes(d, shape)
}

// parse reads one tensor's description.
func (e *entry) parse(dec *json.Decoder) error {
	var offsets []int
	err := object(dec, func(key string) (err error) {
		switch key {
		case "dtype":
			var name string
			name, err = text(dec)
			e.dtype = tensor.DType(name)
		case "shape":
			e.shape, err = ints(dec)
		case "data_offsets":
			offsets, err = ints(dec)
		default:
			return fmt.Errorf("unknown key %q", key)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case e.dtype == "":
		return errors.New("dtype is missing")
	case e.shape == nil:
		return errors.New("shape is missing")
	case len(offsets) != 2:
		return errors.New("data_offsets must be two numbers")
	}
	e.begin, e.end = offsets[0], offsets[1]
	return nil
}

// object reads a JSON object; member must consume the value of each key. A key
// that occurs twice is an error.
func object(dec *json.Decoder, member func(key string) error) error {
	if err := delim(dec, '{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := text(dec)
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("%q occurs twice", key)
		}
		seen[key] = true
		if err := member(key); err != nil {
			return err
		}
	}
	return delim(dec, '}')
}

func stringsOf(dec *json.Decoder, into map[string]string) error {
	return object(dec, func(key string) error {
		value, err := text(dec)
		into[key] = value
		return err
	})
}

// ints reads an array of whole numbers that are not negative.
func ints(dec *json.Decoder) ([]int, error) {
	if err := delim(dec, '['); err != nil {
		return nil, err
	}
	list := []int{}
	for dec.More() {
		token, err := next(dec)
		if err != nil {
			return nil, err
		}
		number, ok := token.(json.Number)
		if !ok {
			return nil, fmt.Errorf("%v is not a number", token)
		}
		n, err := strconv.ParseUint(string(number), 10, strconv.IntSize-1)
		if err != nil {
			return nil, fmt.Errorf("%s is not a whole number in range", number)
		}
		if len(list) == maxDims {
			return nil, fmt.Errorf("more than %d numbers", maxDims)
		}
		list = append(list, int(n))
	}
	return list, delim(dec, ']')
}

func text(dec *json.Decoder) (string, error) {
	token, err := next(dec)
	if err != nil {
		return "", err
	}
	s, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("%v is not a string", token)
	}
	return s, nil
}

func delim(dec *json.Decoder, want json.Delim) error {
	token, err := next(dec)
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("%v where %v is expected", token, want)
	}
	return nil
}

func next(dec *json.Decoder) (json.Token, error) {
	token, err := dec.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return token, err
}
