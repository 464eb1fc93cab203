package shard

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/tensor"
	"pgregory.net/rapid"
)

const testImage = 299

func pictureHeaderOf() Header {
	h := maskedHeader()
	h.VocabSize, h.ImageToken, h.EndOfText = 300, testImage, 298
	return h
}

// illustrated is a document with pictures.
type illustrated struct {
	document
	pictures []Picture
}

// illustratedDocs returns n documents with up to 3 pictures each, of so many
// different ones.
func illustratedDocs(rng *rand.Rand, n, different int) []illustrated {
	var data [][]byte
	for i := range different {
		data = append(data, bytes.Repeat([]byte{byte(i), byte(i >> 8), 7}, 1+rng.IntN(50)))
	}
	docs := make([]illustrated, n)
	for i := range docs {
		tokens := []int32{1}
		for range rng.IntN(4) {
			p := Picture{Data: data[rng.IntN(different)], Detail: uint8(rng.IntN(3)), Tokens: 1 + rng.IntN(9)}
			docs[i].pictures = append(docs[i].pictures, p)
			for range rng.IntN(3) { // none: the runs of two pictures touch
				tokens = append(tokens, int32(rng.IntN(298)))
			}
			for range p.Tokens {
				tokens = append(tokens, testImage)
			}
		}
		docs[i].document = document{newID(fmt.Sprint(i, tokens)), append(tokens, 7)}
	}
	return docs
}

func learnedOf(d document) []bool {
	mask := learned(d)
	for i, t := range d.tokens {
		mask[i] = mask[i] && t != testImage
	}
	return mask
}

func writeIllustrated(dir string, h Header, docs []illustrated) (Manifest, error) {
	w, err := NewWriter(dir, h)
	if err != nil {
		return Manifest{}, err
	}
	defer w.Abort()
	for _, d := range docs {
		if err := w.AddPictures(d.pictures); err != nil {
			return Manifest{}, err
		}
		if err := w.AddMasked(d.id, d.tokens, learnedOf(d.document)); err != nil {
			return Manifest{}, err
		}
	}
	return w.Close()
}

// TestPictures: every document has its pictures back, of which each is stored
// once, whatever the size of a file.
func TestPictures(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		docs := illustratedDocs(rng, rapid.IntRange(1, 20).Draw(rt, "docs"), rapid.IntRange(1, 10).Draw(rt, "different"))
		h := pictureHeaderOf()
		h.FileBytes = rapid.Int64Range(300, 3000).Draw(rt, "fileBytes")
		dir := t.TempDir()
		m, err := writeIllustrated(dir, h, docs)
		if err != nil {
			rt.Fatal(err)
		}
		s := openSet(t, dir)
		uses, seen, size := 0, map[[32]byte]bool{}, 0
		for i, d := range docs {
			got := s.Pictures(nil, int64(i))
			if len(got) != len(d.pictures) || !slices.Equal(s.Doc(nil, int64(i)), d.tokens) {
				rt.Fatalf("document %d has %d pictures, want %d", i, len(got), len(d.pictures))
			}
			for k, want := range d.pictures {
				sum := sha256.Sum256(want.Data)
				if !bytes.Equal(got[k].Data, want.Data) || got[k].Detail != want.Detail || got[k].Tokens != want.Tokens || !bytes.Contains(s.pictures.entries, sum[:]) {
					rt.Fatalf("document %d: picture %d differs", i, k)
				}
				if uses++; !seen[sum] {
					seen[sum] = true
					size += len(want.Data)
				}
			}
		}
		if uses == 0 {
			if m.Pictures != nil || s.Header().ImageToken != -1 {
				rt.Fatalf("%+v without pictures", m.Pictures)
			}
			return
		}
		stored := int64(0)
		for _, f := range m.Pictures.Files {
			stored += f.Bytes - pictureHeaderSize
		}
		if m.Pictures.Uses != int64(uses) || m.Pictures.Count != int64(len(seen)) || stored != int64(size) || s.Header().ImageToken != testImage {
			rt.Fatalf("%+v, %d bytes; want %d uses of %d pictures of %d bytes", m.Pictures, stored, uses, len(seen), size)
		}
	})
}

// TestPicturesRefused: image tokens that are not the runs of the pictures.
func TestPicturesRefused(t *testing.T) {
	p := func(tokens int) Picture { return Picture{Data: []byte("x"), Tokens: tokens} }
	const i = testImage
	for name, c := range map[string]struct {
		pictures []Picture
		tokens   []int32
		mask     []bool
		want     string
	}{
		"too few":     {[]Picture{p(3)}, []int32{1, i, i, 2}, nil, "token 3: 1 pictures have runs of [3]"},
		"too many":    {[]Picture{p(2)}, []int32{1, i, i, i, 2}, nil, "token 3: 1 pictures"},
		"at the end":  {[]Picture{p(1), p(2)}, []int32{1, 2, i, i}, nil, "ends before"},
		"no pictures": {nil, []int32{1, i, 2}, nil, "token 1: 0 pictures"},
		"interrupted": {[]Picture{p(2)}, []int32{1, i, 2, i}, nil, "token 2"},
		"last":        {[]Picture{p(2)}, []int32{1, 2, i, i}, []bool{false, true, false, false}, "ends with a picture"},
		"learned":     {[]Picture{p(1)}, []int32{1, i, 2}, []bool{false, true, true}, "image token at position 1 is marked"},
		"detail":      {[]Picture{{Data: []byte("x"), Detail: 3, Tokens: 1}}, nil, nil, "detail 3"},
		"no tokens":   {[]Picture{p(0)}, nil, nil, "0 tokens"},
		"no bytes":    {[]Picture{{Tokens: 1}}, nil, nil, "0 bytes"},
	} {
		w, err := NewWriter(t.TempDir(), pictureHeaderOf())
		if err != nil {
			t.Fatal(err)
		}
		err = w.AddPictures(c.pictures)
		if err == nil {
			mask := c.mask
			if mask == nil {
				mask = make([]bool, len(c.tokens))
				mask[len(mask)-1] = true
			}
			err = w.AddMasked(newID(name), c.tokens, mask)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if _, again := w.Close(); again == nil {
			t.Errorf("%s: closed all the same", name)
		}
	}
}

// TestCutBeforePicture: a row never ends within a picture, and documents that do
// not fit lose whole pictures.
func TestCutBeforePicture(t *testing.T) {
	docs := illustratedDocs(rand.New(rand.NewPCG(3, 3)), 200, 50)
	dir := t.TempDir()
	if _, err := writeIllustrated(dir, pictureHeaderOf(), docs); err != nil {
		t.Fatal(err)
	}
	s := openSet(t, dir)
	for _, seqLen := range []int{1, 5, 12, 40} {
		o := NewOrder(s, seqLen, 9)
		var row Row
		cut := 0
		for i := range o.Rows() {
			o.Row(i, &row)
			for k, ref := range row.Docs {
				if ref.Doc < 0 {
					continue
				}
				span, d := row.Spans[k], docs[ref.Doc]
				tokens := row.Tokens[span.Start : span.Start+span.Len]
				if !slices.Equal(tokens, d.tokens[:span.Len]) {
					t.Fatalf("row of %d: document %d is not its own beginning", seqLen, ref.Doc)
				}
				runs, sum, images := 0, 0, 0
				for _, token := range tokens {
					if token == testImage {
						images++
					}
				}
				for runs < len(d.pictures) && sum < images {
					sum += d.pictures[runs].Tokens
					runs++
				}
				if sum != images {
					t.Fatalf("row of %d: document %d has %d image tokens, within a picture", seqLen, ref.Doc, images)
				}
				if rest := len(d.tokens) - 1 - span.Len; rest > 0 {
					cut++
					if span.Len < seqLen && (d.tokens[span.Len] != testImage || span.Len+d.pictures[runs].Tokens <= seqLen) {
						t.Fatalf("row of %d: document %d is cut at %d for no reason", seqLen, ref.Doc, span.Len)
					}
				}
			}
		}
		if cut == 0 && seqLen < 40 {
			t.Errorf("rows of %d cut nothing", seqLen)
		}
	}
}

// TestPicturesDamaged: a byte that is changed in any file, and a file that is
// missing or another's, is found on opening.
func TestPicturesDamaged(t *testing.T) {
	docs := illustratedDocs(rand.New(rand.NewPCG(5, 5)), 30, 20)
	dir := t.TempDir()
	h := pictureHeaderOf()
	h.FileBytes = 700
	m, err := writeIllustrated(dir, h, docs)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Pictures.Files) < 2 {
		t.Fatal("one file only")
	}
	for _, f := range append([]PictureFile{m.Pictures.Index}, m.Pictures.Files...) {
		path := filepath.Join(dir, f.Name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		other := slices.Clone(whole)
		other[len(other)/2] ^= 1
		for what, data := range map[string][]byte{"changed": other, "short": whole[:len(whole)-1], "empty": nil} {
			if err := os.WriteFile(path, data, 0o666); err != nil {
				t.Fatal(err)
			}
			if s, err := OpenSet(dir); err == nil || !strings.Contains(err.Error(), f.Name) {
				t.Errorf("%s %s: %v, %v", f.Name, what, s, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenSet(dir); err == nil || !strings.Contains(err.Error(), f.Name) {
			t.Errorf("%s missing: %v", f.Name, err)
		}
		if err := os.WriteFile(path, whole, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	openSet(t, dir)
}

// TestFileWithoutPictures: a file of which the index names no picture could be empty.
func TestFileWithoutPictures(t *testing.T) {
	dir := t.TempDir()
	docs := illustratedDocs(rand.New(rand.NewPCG(7, 7)), 30, 20)
	h := pictureHeaderOf()
	h.FileBytes = 700
	if _, err := writeIllustrated(dir, h, docs); err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(dir, IndexName))
	if err != nil {
		t.Fatal(err)
	}
	index = tensor.AlignedCopy(index)
	if _, err := parseIndex(index); err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	le.PutUint32(index[12:], le.Uint32(index[12:])+1)
	for i := range le.Uint64(index[16:]) {
		file := index[indexHeaderSize+i*entrySize+entrySize-4:]
		le.PutUint32(file, le.Uint32(file)+1)
	}
	sum := sha256.Sum256(index[:len(index)-hashSize])
	copy(index[len(index)-hashSize:], sum[:])
	if _, err := parseIndex(index); err == nil || !strings.Contains(err.Error(), "picture 0 is in file 1") {
		t.Errorf("%v", err)
	}
}

// TestPicturesDisk: a disk that fails at any operation is an error, and the
// directory can be written again.
func TestPicturesDisk(t *testing.T) {
	docs := illustratedDocs(rand.New(rand.NewPCG(6, 6)), 12, 9)
	h := pictureHeaderOf()
	h.FileBytes = 500
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	want, err := writeIllustrated(t.TempDir(), h, docs)
	if err != nil {
		t.Fatal(err)
	}
	for op, name := range disk.Log() {
		dir := t.TempDir()
		disk.FailOp(op, syscall.ENOSPC)
		if _, err := writeIllustrated(dir, h, docs); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s (operation %d): %v", name, op, err)
		}
		if s, err := OpenSet(dir); err == nil {
			// Only the sync of the directory failed, when all was in place.
			_ = s.Close()
			continue
		}
		again, err := writeIllustrated(dir, h, docs)
		if err != nil || again.Hash() != want.Hash() {
			t.Errorf("%s (operation %d): written again: %v", name, op, err)
		}
	}
}

// FuzzIndex: any bytes are an index that can be walked, or an error.
func FuzzIndex(f *testing.F) {
	for _, n := range []int{1, 5, 30} {
		dir := f.TempDir()
		h := pictureHeaderOf()
		h.FileBytes = 300
		docs := illustratedDocs(rand.New(rand.NewPCG(uint64(n), 8)), n, n)
		docs[0].pictures = append(docs[0].pictures, Picture{Data: []byte("p"), Tokens: 1})
		docs[0].tokens = append(docs[0].tokens, testImage, 7)
		if _, err := writeIllustrated(dir, h, docs); err != nil {
			f.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, IndexName))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = tensor.AlignedCopy(data)
		if len(data) > hashSize { // so that the fuzzer gets past the hash
			sum := sha256.Sum256(data[:len(data)-hashSize])
			copy(data[len(data)-hashSize:], sum[:])
		}
		x, err := parseIndex(data)
		if err != nil {
			return
		}
		s := &pictureSet{pictureIndex: x}
		ends := x.ends()
		for doc := range int64(len(x.starts) - 1) {
			for i, n := range s.runs(nil, doc) {
				number := x.uses[3*(x.starts[doc]+uint64(i))]
				file, offset, length := x.entry(number)
				if n < 1 || offset < pictureHeaderSize || offset+uint64(length) > ends[file] {
					t.Fatalf("document %d: picture %d at %d of %d bytes, run of %d", doc, number, offset, length, n)
				}
			}
		}
	})
}
