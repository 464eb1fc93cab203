package shard

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/polymath-lm/polymath/tensor"
)

// pictureSet is the pictures of an open set.
type pictureSet struct {
	*pictureIndex
	mapped  []*tensor.Mapping // of the index, then of the files
	content [][]byte          // of the files
}

// openPictures maps what the manifest names and verifies it.
func openPictures(dir string, m *PictureManifest, docs int64) (*pictureSet, error) {
	s := &pictureSet{}
	if err := s.openAll(dir, m, docs); err != nil {
		_ = s.close() // the other error matters
		return nil, err
	}
	return s, nil
}

func (s *pictureSet) openAll(dir string, m *PictureManifest, docs int64) error {
	b, err := s.open(dir, m.Index)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, m.Index.Name)
	if s.pictureIndex, err = parseIndex(b); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	count, uses := int64(len(s.entries)/entrySize), int64(len(s.uses)/3)
	if count != m.Count || uses != m.Uses || int64(len(s.starts)-1) != docs || s.files != len(m.Files) {
		return fmt.Errorf("%s: %d pictures in %d files, used %d times by %d documents, but its manifest says %d in %d, %d times by %d",
			path, count, s.files, uses, len(s.starts)-1, m.Count, len(m.Files), m.Uses, docs)
	}
	for i, end := range s.ends() {
		b, err := s.open(dir, m.Files[i])
		if err != nil {
			return err
		}
		if uint64(len(b)) != end || string(b[:pictureHeaderSize]) != string(pictureHeader()) {
			return fmt.Errorf("%s: it is no file of pictures, or not that which the index tells of: %d bytes, and not %d",
				filepath.Join(dir, m.Files[i].Name), len(b), end)
		}
		s.content = append(s.content, b)
	}
	return nil
}

// open maps a file and reads it once to compare it with the manifest.
func (s *pictureSet) open(dir string, f PictureFile) ([]byte, error) {
	path := filepath.Join(dir, f.Name)
	m, err := tensor.Map(path)
	if err != nil {
		return nil, err
	}
	s.mapped = append(s.mapped, m)
	h, b := sha256.New(), m.Bytes()
	for rest := b; len(rest) > 0; {
		n := min(len(rest), releaseEvery)
		h.Write(rest[:n])
		release(b)
		rest = rest[n:]
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != f.SHA256 || int64(len(b)) != f.Bytes {
		return nil, fmt.Errorf("%s: damaged or replaced: %d bytes with hash %s, but the manifest says %d with %s", path, len(b), sum, f.Bytes, f.SHA256)
	}
	return b, nil
}

func (s *pictureSet) release() {
	for _, m := range s.mapped {
		release(m.Bytes())
	}
}

func (s *pictureSet) close() error {
	var errs []error
	for _, m := range s.mapped {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}

// runs returns the lengths of the runs of a document's pictures.
func (s *pictureSet) runs(dst []int, doc int64) []int {
	for u := s.starts[doc]; u < s.starts[doc+1]; u++ {
		dst = append(dst, int(s.uses[3*u+1]))
	}
	return dst
}

// checkRuns holds the tokens of every document against its pictures.
func (s *Set) checkRuns() error {
	if s.pictures == nil {
		return nil
	}
	var tokens []int32
	var runs []int
	for doc := range s.NumDocs() {
		tokens, runs = s.Doc(tokens[:0], doc), s.pictures.runs(runs[:0], doc)
		if err := checkRuns(tokens, s.manifest.Pictures.ImageToken, runs); err != nil {
			f, i := s.locate(doc)
			return fmt.Errorf("%s: document %d: %w", f.name, i, err)
		}
		if doc%1024 == 0 {
			s.Release()
		}
	}
	s.Release()
	return nil
}

// Pictures appends to dst the pictures of a document of the whole set, in the
// order of their runs of image tokens. Their Data is that of the mapping: it
// must not be changed, and ends with Close.
func (s *Set) Pictures(dst []Picture, doc int64) []Picture {
	if doc < 0 || doc >= s.NumDocs() {
		panic(fmt.Sprintf("shard: document %d of %d", doc, s.NumDocs()))
	}
	if s.pictures == nil {
		return dst
	}
	for u := s.pictures.starts[doc]; u < s.pictures.starts[doc+1]; u++ {
		use := s.pictures.uses[3*u : 3*u+3]
		file, offset, length := s.pictures.entry(use[0])
		dst = append(dst, Picture{
			Data:   s.pictures.content[file][offset : offset+uint64(length) : offset+uint64(length)],
			Detail: uint8(use[2]), Tokens: int(use[1]),
		})
	}
	return dst
}
