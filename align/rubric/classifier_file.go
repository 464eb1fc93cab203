package rubric

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/polymath-lm/polymath/corpus/quality"
	"github.com/polymath-lm/polymath/internal/atomicfile"
)

// The file: the mark, the length of each model in bytes as uint64, the models, each
// as quality keeps it, and the SHA-256 of all that; numbers are little-endian.
const (
	mark              = "PMRUBC1\n"
	maxModel          = 128 << 20
	maxClassifierFile = numModels*maxModel + 1<<10
	headSize          = len(mark) + 8*numModels
)

// Hash returns the SHA-256 of the classifier's file in hexadecimal, or "" for one
// that was neither written nor read.
func (c *Classifier) Hash() string { return c.hash }

// Write writes the classifier's file, wholly or not at all, and sets its hash.
func (c *Classifier) Write(path string) error {
	if c.models[0] == nil {
		return errors.New("the classifier is not trained")
	}
	hash, err := atomicfile.Write(path, c.encode)
	if err == nil {
		c.hash = hash
	}
	return err
}

func (c *Classifier) encode(w io.Writer) error {
	var models [numModels]bytes.Buffer
	head := []byte(mark)
	for m := range c.models {
		if err := c.models[m].Encode(&models[m]); err != nil {
			return err
		}
		head = binary.LittleEndian.AppendUint64(head, uint64(models[m].Len()))
	}
	sum := sha256.New()
	body := io.MultiWriter(w, sum)
	if _, err := body.Write(head); err != nil {
		return err
	}
	for m := range models {
		if _, err := body.Write(models[m].Bytes()); err != nil {
			return err
		}
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// OpenClassifier reads a classifier's file. Errors name it.
func OpenClassifier(path string) (*Classifier, error) {
	data, err := atomicfile.ReadSmall(path, maxClassifierFile)
	if err != nil {
		return nil, fmt.Errorf("classifier: %w", err)
	}
	c, err := decodeClassifier(data)
	if err != nil {
		return nil, fmt.Errorf("classifier %s: %w", path, err)
	}
	return c, nil
}

func decodeClassifier(data []byte) (*Classifier, error) {
	if len(data) < headSize+sha256.Size || string(data[:len(mark)]) != mark {
		return nil, errors.New("this is no classifier of answers: it does not begin as one")
	}
	body, want := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if sum := sha256.Sum256(body); string(sum[:]) != string(want) {
		return nil, errors.New("it is damaged: its content does not match its hash; copy it again")
	}
	c, rest := &Classifier{}, body[headSize:]
	for m := range c.models {
		size := binary.LittleEndian.Uint64(body[len(mark)+8*m:])
		if size > uint64(len(rest)) {
			return nil, fmt.Errorf("model %q has %d bytes, and %d are left in the file", modelNames[m], size, len(rest))
		}
		model, err := quality.Read(bytes.NewReader(rest[:size]), int64(size))
		if err != nil {
			return nil, fmt.Errorf("model %q: %w", modelNames[m], err)
		}
		c.models[m], rest = model, rest[size:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(rest))
	}
	sum := sha256.Sum256(data)
	c.hash = hex.EncodeToString(sum[:])
	return c, nil
}
