package shard

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/tensor"
)

// Picture is a picture of a document.
type Picture struct {
	// Data is the file of the picture as it came, JPEG, PNG, GIF or WebP, or what
	// package train/conversation makes of a large one. The set does not look at it.
	Data []byte
	// Detail says how closely a model looks; it is a picture.Detail.
	Detail uint8
	// Tokens is the length of the run of Header.ImageToken that stands for it.
	Tokens int
}

// IndexName is the file that says which pictures a set's documents have.
const IndexName = "pictures.index"

const (
	pictureMagic      = "PLYPICTS"
	indexMagic        = "PLYPICTX"
	pictureVersion    = 1
	pictureHeaderSize = 16
	indexHeaderSize   = 40
	entrySize         = 32 + 8 + 4 + 4
	useSize           = 3 * 4
	maxDetail         = 2 // the highest picture.Detail
)

// PictureManifest is what a manifest says about pictures.
type PictureManifest struct {
	ImageToken int32 `json:"image_token"`
	// Count is the number of different pictures, Uses how often a document has one.
	Count int64         `json:"count"`
	Uses  int64         `json:"uses"`
	Index PictureFile   `json:"index"`
	Files []PictureFile `json:"files"`
}

// PictureFile is one of the files that hold pictures, or their index.
type PictureFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

func pictureFileName(i int) string { return fmt.Sprintf("pictures-%05d.shard", i) }

func pictureHeader() []byte {
	b := append(make([]byte, 0, pictureHeaderSize), pictureMagic...)
	b = binary.LittleEndian.AppendUint32(b, pictureVersion)
	return binary.LittleEndian.AppendUint32(b, 0)
}

// check holds the manifest's part about pictures against the rest.
func (m *PictureManifest) check(vocab int, seen map[string]bool) error {
	switch {
	case m.ImageToken < 1 || int(m.ImageToken) >= vocab:
		return fmt.Errorf("image token %d is none of the %d of the vocabulary after the first", m.ImageToken, vocab)
	case m.Count < 1 || m.Uses < m.Count || len(m.Files) == 0:
		return fmt.Errorf("%d pictures in %d files, which documents use %d times", m.Count, len(m.Files), m.Uses)
	}
	for _, f := range append([]PictureFile{m.Index}, m.Files...) {
		if err := checkName(f.Name, seen); err != nil {
			return err
		}
	}
	return nil
}

// checkName refuses a name with a directory in it, which could reach any file on
// the machine, and one that was there before.
func checkName(name string, seen map[string]bool) error {
	if !filepath.IsLocal(name) || name != filepath.Base(name) || strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("%q is not the name of a file beside the manifest", name)
	}
	if seen[name] {
		return fmt.Errorf("%q is listed twice", name)
	}
	seen[name] = true
	return nil
}

// pictureIndex is a parsed index. It aliases the bytes that it was parsed from.
type pictureIndex struct {
	files   int
	entries []byte   // [P*entrySize]
	starts  []uint64 // [D+1] uses before each document
	uses    []uint32 // [U*3] picture, tokens, detail
}

// parseIndex checks a whole index; b is aligned to 8 bytes.
func parseIndex(b []byte) (*pictureIndex, error) {
	le := binary.LittleEndian
	switch {
	case len(b) < indexHeaderSize+8+hashSize:
		return nil, fmt.Errorf("truncated: %d bytes are less than the smallest index of pictures", len(b))
	case string(b[:8]) != indexMagic:
		return nil, errors.New("not an index of pictures")
	case le.Uint32(b[8:]) != pictureVersion:
		return nil, fmt.Errorf("version %d, but this program reads version %d", le.Uint32(b[8:]), pictureVersion)
	}
	size, files := uint64(len(b)), le.Uint32(b[12:])
	pictures, uses, docs := le.Uint64(b[16:]), le.Uint64(b[24:]), le.Uint64(b[32:])
	if pictures > size || uses > size || docs > size || uint64(files) > pictures ||
		indexHeaderSize+pictures*entrySize+(docs+1)*8+uses*useSize+hashSize != size {
		return nil, fmt.Errorf("truncated or damaged: %d bytes do not hold %d pictures in %d files, used %d times by %d documents", size, pictures, files, uses, docs)
	}
	body := b[:size-hashSize]
	if sum := sha256.Sum256(body); string(sum[:]) != string(b[size-hashSize:]) {
		return nil, errors.New("damaged: the content does not have the hash that the end tells")
	}
	starts := indexHeaderSize + pictures*entrySize
	x := &pictureIndex{
		files: int(files), entries: b[indexHeaderSize:starts],
		starts: tensor.View[uint64](b[starts : starts+(docs+1)*8]),
		uses:   tensor.View[uint32](body[starts+(docs+1)*8:]),
	}
	return x, x.check(uint32(pictures), uses)
}

// check sees what the hash does not: that the writer wrote sense.
func (x *pictureIndex) check(pictures uint32, uses uint64) error {
	last := len(x.starts) - 1
	if x.starts[0] != 0 || x.starts[last] != uses {
		return errors.New("the documents do not cover the uses of pictures")
	}
	for i := range last {
		if x.starts[i] > x.starts[i+1] {
			return fmt.Errorf("the pictures of document %d end before they begin", i)
		}
	}
	for i := 0; i < len(x.uses); i += 3 {
		if x.uses[i] >= pictures || x.uses[i+1] < 1 || x.uses[i+1] > math.MaxInt32 || x.uses[i+2] > maxDetail {
			return fmt.Errorf("use %d is of picture %d of %d, with %d tokens and detail %d", i/3, x.uses[i], pictures, x.uses[i+1], x.uses[i+2])
		}
	}
	ends := make([]uint64, x.files)
	at := uint32(0)
	for i := range pictures {
		file, offset, length := x.entry(i)
		if file != at && (i == 0 || file != at+1) || int(file) >= x.files {
			return fmt.Errorf("picture %d is in file %d of %d: each begins with the picture after the last of that before", i, file, x.files)
		}
		at = file
		if want := max(ends[at], pictureHeaderSize); offset != want || length == 0 {
			return fmt.Errorf("picture %d of %d bytes begins at %d of its file instead of at %d", i, length, offset, want)
		}
		ends[at] = offset + uint64(length)
	}
	if int(at)+1 != x.files {
		return fmt.Errorf("the pictures are in %d files, not in %d", at+1, x.files)
	}
	return nil
}

// entry returns where a picture is.
func (x *pictureIndex) entry(i uint32) (file uint32, offset uint64, length uint32) {
	e := x.entries[int(i)*entrySize+32:]
	le := binary.LittleEndian
	return le.Uint32(e[12:]), le.Uint64(e), le.Uint32(e[8:])
}

// ends returns the size that each file must have.
func (x *pictureIndex) ends() []uint64 {
	ends := make([]uint64, x.files)
	for i := range uint32(len(x.entries) / entrySize) {
		file, offset, length := x.entry(i)
		ends[file] = offset + uint64(length)
	}
	return ends
}

// A runScanner holds the image tokens of a document against its pictures: each
// has a run of its own length, and there are no others.
type runScanner struct {
	image int32
	left  []int // tokens of the runs that did not begin
	run   int   // tokens of the present run that are missing
}

// next takes the next token, and reports whether it may stand there.
func (s *runScanner) next(token int32) bool {
	if token != s.image {
		return s.run == 0
	}
	if s.run == 0 {
		if len(s.left) == 0 {
			return false
		}
		s.run, s.left = s.left[0], s.left[1:]
	}
	s.run--
	return true
}

// checkRuns returns an error unless the image tokens are the runs of pictures.
func checkRuns(tokens []int32, image int32, runs []int) error {
	s := runScanner{image: image, left: runs}
	for i, t := range tokens {
		if !s.next(t) {
			return fmt.Errorf("token %d: %d pictures have runs of %v image tokens, which the document does not have", i, len(runs), runs)
		}
	}
	if s.run > 0 || len(s.left) > 0 {
		return fmt.Errorf("it ends before the runs of its %d pictures, %v image tokens, are complete", len(runs), runs)
	}
	if len(runs) > 0 && tokens[len(tokens)-1] == image { // which is no input, as nothing follows it
		return errors.New("it ends with a picture, after which nothing is predicted")
	}
	return nil
}
