package shard

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"sort"
	"sync"
)

// Set is the documents of a directory of shards, or one side of their split
// into training and held-out documents. Goroutines may share it until it is
// closed.
type Set struct {
	manifest Manifest
	files    []*File
	first    []int64 // [files+1] number of documents before each file
	part     part
	tokens   int64
	docs     int64
	pictures *pictureSet // nil without
}

// part says which documents belong: those whose hash lies in [low, high).
// high 0 stands for 2^64.
type part struct{ low, high uint64 }

func (p part) holds(id ID) bool {
	h := mix(binary.LittleEndian.Uint64(id[:]))
	return h >= p.low && (p.high == 0 || h < p.high)
}

// OpenSet maps all shards that the manifest of dir names, and reads them once
// to verify every hash. An error names the file.
func OpenSet(dir string) (*Set, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	s := &Set{manifest: m, files: make([]*File, len(m.Files)), tokens: m.Tokens, docs: m.Docs}
	if err := s.open(dir); err != nil {
		s.closeQuietly()
		return nil, err
	}
	s.first = make([]int64, len(s.files)+1)
	for i, f := range s.files {
		s.first[i+1] = s.first[i] + int64(f.Docs())
	}
	if m.Pictures != nil {
		s.pictures, err = openPictures(dir, m.Pictures, m.Docs)
	}
	if err == nil {
		err = s.checkRuns()
	}
	if err != nil {
		s.closeQuietly()
		return nil, err
	}
	return s, nil
}

// open opens the files, several at a time: hashing is what takes the time.
func (s *Set) open(dir string) error {
	errs := make([]error, len(s.files))
	var running sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, e := range s.manifest.Files {
		slots <- struct{}{}
		running.Go(func() {
			s.files[i], errs[i] = openEntry(filepath.Join(dir, e.Name), e, s.manifest.header())
			<-slots
		})
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// openEntry opens a file and compares it with what the manifest says.
func openEntry(path string, e FileEntry, want Header) (*File, error) {
	want.ImageToken = -1 // which the index of pictures is for
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	switch tokens := int64(f.starts[f.Docs()]) + int64(f.Docs())*want.trained(0); {
	case f.header.TokenizerHash != want.TokenizerHash:
		err = fmt.Errorf("%s: made with tokenizer %s, but its manifest says %s", path, f.header.TokenizerHash, want.TokenizerHash)
	case f.header.Masked != want.Masked:
		err = fmt.Errorf("%s: only one of it and its manifest has a mask", path)
	case f.header != want:
		err = fmt.Errorf("%s: vocabulary of %d with end-of-text %d, but its manifest says %d and %d",
			path, f.header.VocabSize, f.header.EndOfText, want.VocabSize, want.EndOfText)
	case f.hash != e.SHA256:
		err = fmt.Errorf("%s: replaced: has hash %s, but its manifest says %s", path, f.hash, e.SHA256)
	case tokens != e.Tokens || int64(f.Docs()) != e.Docs:
		err = fmt.Errorf("%s: %d tokens in %d documents, but its manifest says %d in %d", path, tokens, f.Docs(), e.Tokens, e.Docs)
	}
	if err != nil {
		_ = f.Close() // the other error matters
		return nil, err
	}
	return f, nil
}

// CheckTokenizer returns an error that names both hashes unless the shards
// were made with the tokenizer of that hash.
func (s *Set) CheckTokenizer(hash string) error {
	if hash != s.manifest.TokenizerHash {
		return fmt.Errorf("the shards were made with tokenizer %s, and this is tokenizer %s: use that one, or make the shards again", s.manifest.TokenizerHash, hash)
	}
	return nil
}

// Split divides the documents by the hash of their text: a share heldOut of
// them, in [0, 1], which does not depend on any seed, and the rest. A text
// that occurs twice is on one side. Both sets share the receiver's files and
// end with its Close. Split panics on a set that is itself a side.
func (s *Set) Split(heldOut float64) (train, held *Set) {
	if s.part != (part{}) || !(heldOut >= 0 && heldOut <= 1) {
		panic("shard: Split of a side, or with a share outside [0, 1]")
	}
	bound := heldOut * 0x1p64
	switch {
	case bound < 1:
		return s.side(part{}), s.side(part{math.MaxUint64, math.MaxUint64})
	case bound >= 0x1p64:
		return s.side(part{math.MaxUint64, math.MaxUint64}), s.side(part{})
	}
	return s.side(part{low: uint64(bound)}), s.side(part{high: uint64(bound)})
}

func (s *Set) side(p part) *Set {
	side := &Set{manifest: s.manifest, files: s.files, first: s.first, part: p, pictures: s.pictures}
	for _, f := range s.files {
		for doc := range f.Docs() {
			if p.holds(f.ID(doc)) {
				side.docs++
				side.tokens += f.header.trained(int64(f.Len(doc)))
			}
		}
	}
	return side
}

// Manifest returns the set's manifest; that of a side is the whole set's.
func (s *Set) Manifest() Manifest { return s.manifest }

// Header returns what all files have in common.
func (s *Set) Header() Header { return s.manifest.header() }

// Tokens returns what one epoch trains on, see Manifest.Tokens.
func (s *Set) Tokens() int64 { return s.tokens }

// Docs returns the number of documents.
func (s *Set) Docs() int64 { return s.docs }

// NumDocs returns the number of documents of the whole set, which bounds the
// document numbers of DocRef.
func (s *Set) NumDocs() int64 { return s.first[len(s.files)] }

// Holds reports whether a document of the whole set is on this side of a split.
func (s *Set) Holds(doc int64) bool { return s.part.holds(s.ID(doc)) }

// locate returns the file and the number in it of a document.
func (s *Set) locate(doc int64) (*File, int) {
	if doc < 0 || doc >= s.NumDocs() {
		panic(fmt.Sprintf("shard: document %d of %d", doc, s.NumDocs()))
	}
	i := sort.Search(len(s.files), func(i int) bool { return s.first[i+1] > doc })
	return s.files[i], int(doc - s.first[i])
}

// ID returns the name of a document of the whole set.
func (s *Set) ID(doc int64) ID {
	f, i := s.locate(doc)
	return f.ID(i)
}

// Doc appends the tokens of a document of the whole set to dst, without what
// reading adds.
func (s *Set) Doc(dst []int32, doc int64) []int32 {
	f, i := s.locate(doc)
	at := len(dst)
	dst = append(dst, make([]int32, f.Len(i))...)
	f.Read(dst[at:], i, 0)
	return dst
}

// Len returns what one epoch trains on of a document of the whole set, in tokens, see
// Manifest.Tokens.
func (s *Set) Len(doc int64) int {
	f, i := s.locate(doc)
	return int(f.header.trained(int64(f.Len(i))))
}

// Find returns the numbers of the documents with that name; a text that was
// added twice has two. It reads the whole list of names.
func (s *Set) Find(id ID) []int64 {
	var found []int64
	for i, f := range s.files {
		for doc := range f.Docs() {
			if f.ID(doc) == id {
				found = append(found, s.first[i]+int64(doc))
			}
		}
	}
	return found
}

// Release lets go of the memory of all pages that were read, of every side of
// a split; see File.Release.
func (s *Set) Release() {
	for _, f := range s.files {
		f.Release()
	}
	if s.pictures != nil {
		s.pictures.release()
	}
}

// Close ends the mapping of the files, for the sides of a split too.
func (s *Set) Close() error {
	var first error
	if s.pictures != nil {
		first = s.pictures.close()
	}
	for _, f := range s.files {
		if f == nil {
			continue
		}
		if err := f.Close(); first == nil {
			first = err
		}
	}
	return first
}

// closeQuietly is for when another error is being returned.
func (s *Set) closeQuietly() { _ = s.Close() }
