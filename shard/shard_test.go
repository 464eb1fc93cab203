package shard

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/atomicfile/fault"
	"github.com/polymath-lm/polymath/tensor"
	"pgregory.net/rapid"
)

var testHash = strings.Repeat("0123456789abcdef", 4)

func testHeader(vocab int) Header {
	return Header{TokenizerHash: testHash, VocabSize: vocab, EndOfText: int32(vocab - 1)}
}

// document is what a test adds.
type document struct {
	id     ID
	tokens []int32
}

// randomDocs returns n documents of up to maxLen tokens below vocab.
func randomDocs(rng *rand.Rand, n, maxLen, vocab int) []document {
	docs := make([]document, n)
	for i := range docs {
		tokens := make([]int32, 1+rng.IntN(maxLen))
		for j := range tokens {
			tokens[j] = int32(rng.IntN(vocab))
		}
		docs[i] = document{newID(fmt.Sprint(i, tokens)), tokens}
	}
	return docs
}

func newID(text string) ID {
	sum := sha256.Sum256([]byte(text))
	return ID(sum[:16])
}

func writeSet(t testing.TB, dir string, h Header, docs []document) Manifest {
	t.Helper()
	m, err := tryWrite(dir, h, docs)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func tryWrite(dir string, h Header, docs []document) (Manifest, error) {
	w, err := NewWriter(dir, h)
	if err != nil {
		return Manifest{}, err
	}
	defer w.Abort()
	for _, d := range docs {
		if h.Masked {
			err = w.AddMasked(d.id, d.tokens, learned(d))
		} else {
			err = w.Add(d.id, d.tokens)
		}
		if err != nil {
			return Manifest{}, err
		}
	}
	return w.Close()
}

func openSet(t testing.TB, dir string) *Set {
	t.Helper()
	s, err := OpenSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// testSet writes random documents and opens them.
func testSet(t testing.TB, seed uint64, n, maxLen int) (*Set, []document) {
	t.Helper()
	docs := randomDocs(rand.New(rand.NewPCG(seed, 1)), n, maxLen, 300)
	dir := t.TempDir()
	h := testHeader(300)
	h.FileBytes = 4096
	writeSet(t, dir, h, docs)
	return openSet(t, dir), docs
}

// TestRoundTrip: the documents come back in their order, whatever the width of
// a token and the size of a file.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		vocab := rapid.SampledFrom([]int{2, 300, 1 << 16, 1<<16 + 1, 1 << 20}).Draw(rt, "vocab")
		token := rapid.OneOf(rapid.Int32Range(0, int32(vocab-1)), rapid.Just(int32(vocab-1)))
		lists := rapid.SliceOfN(rapid.SliceOfN(token, 1, 30), 1, 20).Draw(rt, "docs")
		docs := make([]document, len(lists))
		want := int64(0)
		for i, tokens := range lists {
			docs[i] = document{newID(fmt.Sprint(i)), tokens}
			want += int64(len(tokens)) + 1
		}
		h := testHeader(vocab)
		h.FileBytes = rapid.Int64Range(1, 1000).Draw(rt, "fileBytes")
		dir := t.TempDir()
		m := writeSet(t, dir, h, docs)
		s := openSet(t, dir)
		if s.Docs() != int64(len(docs)) || s.Tokens() != want || !reflect.DeepEqual(s.Manifest(), m) {
			rt.Fatalf("%d documents, %d tokens, manifest %+v; written %+v", s.Docs(), s.Tokens(), s.Manifest(), m)
		}
		for i, d := range docs {
			if got := s.Doc(nil, int64(i)); s.ID(int64(i)) != d.id || !slices.Equal(got, d.tokens) {
				rt.Fatalf("document %d: %v, want %v", i, got, d.tokens)
			}
		}
	})
}

func TestFilesSplitAtSize(t *testing.T) {
	dir := t.TempDir()
	h := testHeader(300)
	h.FileBytes = 2000
	docs := randomDocs(rand.New(rand.NewPCG(1, 1)), 100, 60, 300)
	m := writeSet(t, dir, h, docs)
	if len(m.Files) < 3 {
		t.Fatalf("%d files", len(m.Files))
	}
	for _, e := range m.Files {
		info, err := os.Stat(filepath.Join(dir, e.Name))
		if err != nil || info.Size() != e.Bytes || e.Bytes > 2000 {
			t.Errorf("%s: %v bytes, manifest says %d, %v", e.Name, info.Size(), e.Bytes, err)
		}
	}
}

func TestBytesAreAFunctionOfTheDocuments(t *testing.T) {
	docs := randomDocs(rand.New(rand.NewPCG(2, 1)), 20, 50, 300)
	a := writeSet(t, t.TempDir(), testHeader(300), docs)
	b := writeSet(t, t.TempDir(), testHeader(300), docs)
	if a.Hash() != b.Hash() || len(a.Hash()) != 64 {
		t.Errorf("hashes %q and %q", a.Hash(), b.Hash())
	}
}

// TestDamage flips each byte of a shard and cuts it at each length.
func TestDamage(t *testing.T) {
	docs := randomDocs(rand.New(rand.NewPCG(3, 1)), 5, 20, 300)
	checkDamage(t, testHeader(300), docs)
	checkDamage(t, maskedHeader(), lengthened(docs))
}

func checkDamage(t *testing.T, h Header, docs []document) {
	dir := t.TempDir()
	m := writeSet(t, dir, h, docs)
	path := filepath.Join(dir, m.Files[0].Name)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenSet(dir)
		if err == nil || s != nil || !strings.Contains(err.Error(), path) {
			t.Fatalf("%s: error %v", what, err)
		}
	}
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 4
		check(fmt.Sprintf("byte %d changed", i), bad)
		check(fmt.Sprintf("cut to %d bytes", i), good[:i])
	}
	check("a byte more", append(slices.Clone(good), 0))
	other := t.TempDir()
	writeSet(t, other, h, docs[:4])
	data, err := os.ReadFile(filepath.Join(other, m.Files[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	check("a sound shard of another set", data)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenSet(dir); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing shard: %v", err)
	}
}

func TestBadManifest(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenSet(dir); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "no token shards") {
		t.Errorf("empty directory: %v", err)
	}
	m := writeSet(t, dir, testHeader(300), randomDocs(rand.New(rand.NewPCG(4, 1)), 5, 20, 300))
	path := filepath.Join(dir, ManifestName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	otherHash := strings.Repeat("f", 64)
	for _, c := range []struct{ old, new, want string }{
		{`"version": 1`, `"version": 2`, "version 2"},
		{`"docs": 5,`, `"docs": 6,`, "5 documents, but its manifest says"},
		{"  \"docs\": 5,\n  \"files", "  \"docs\": 6,\n  \"files", "6 documents, but its files have"},
		{testHash, otherHash, otherHash},
		{testHash, "abc", "tokenizer hash"},
		{`"vocab_size": 300`, `"vocab_size": 301`, "vocabulary of 300"},
		{`"vocab_size": 300`, `"vocab_size": 0`, "out of range"},
		{m.Files[0].SHA256, otherHash, "replaced"},
		{m.Files[0].Name, "../" + m.Files[0].Name, "not the name of a file"},
		{`"version"`, `"vversion"`, "unknown field"},
		{string(good), "", "EOF"},
		{string(good), string(good) + "{}", "after the closing brace"},
		{string(good), `{"version":1}`, "no files"},
	} {
		bad := strings.ReplaceAll(string(good), c.old, c.new)
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenSet(dir)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%.40q: error %v, want %q", c.new, err, c.want)
		}
	}
}

func TestCheckTokenizer(t *testing.T) {
	s, _ := testSet(t, 5, 3, 10)
	if err := s.CheckTokenizer(testHash); err != nil {
		t.Error(err)
	}
	other := strings.Repeat("e", 64)
	if err := s.CheckTokenizer(other); err == nil || !strings.Contains(err.Error(), testHash) || !strings.Contains(err.Error(), other) {
		t.Errorf("error %v does not name both", err)
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, c := range []struct {
		h    Header
		want string
	}{
		{Header{VocabSize: 300}, "tokenizer hash"},
		{Header{TokenizerHash: strings.ToUpper(testHash), VocabSize: 300}, "lower-case"},
		{Header{TokenizerHash: testHash}, "vocabulary of 0"},
		{Header{TokenizerHash: testHash, VocabSize: 300, EndOfText: 300}, "end-of-text token 300"},
		{Header{TokenizerHash: testHash, VocabSize: 300, FileBytes: -1}, "negative"},
	} {
		if _, err := NewWriter(t.TempDir(), c.h); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v", c.h, err)
		}
	}
	dir := t.TempDir()
	for _, token := range []int32{-1, 300} {
		id := newID("bad")
		_, err := tryWrite(dir, testHeader(300), []document{{newID("good"), []int32{1}}, {id, []int32{1, token}}})
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%x: token %d at position 1", id, token)) {
			t.Errorf("token %d: error %v", token, err)
		}
	}
	if _, err := tryWrite(dir, testHeader(300), []document{{newID("empty"), nil}}); err == nil || !strings.Contains(err.Error(), "no document") {
		t.Errorf("only an empty document: %v", err)
	}
	writeSet(t, dir, testHeader(300), []document{{newID("empty"), nil}, {newID("a"), []int32{1}}})
	if s := openSet(t, dir); s.Docs() != 1 {
		t.Errorf("%d documents", s.Docs())
	}
	if _, err := NewWriter(dir, testHeader(300)); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("over a finished set: %v", err)
	}
}

// TestWriterFaults fails each operation of writing: the error comes out, no
// set appears, and the next writer makes a whole one.
func TestWriterFaults(t *testing.T) {
	docs := randomDocs(rand.New(rand.NewPCG(6, 1)), 30, 60, 300)
	h := testHeader(300)
	h.FileBytes = 2000
	disk := fault.New()
	defer atomicfile.Replace(disk)()
	writeSet(t, t.TempDir(), h, docs)
	for op, name := range disk.Log() {
		dir := t.TempDir()
		disk.FailOp(op, syscall.ENOSPC)
		if _, err := tryWrite(dir, h, docs); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s (operation %d) failed: error %v", name, op, err)
		}
		// After the last rename the set is there and whole, only not synced.
		if s, err := OpenSet(dir); err == nil {
			if name != "syncdir" || s.Docs() != 30 {
				t.Errorf("%s (operation %d) failed: a set of %d documents is there", name, op, s.Docs())
			}
			s.Close()
			continue
		}
		disk.Reset()
		writeSet(t, dir, h, docs)
		if s := openSet(t, dir); s.Docs() != 30 {
			t.Errorf("second writer: %d documents", s.Docs())
		}
	}
}

func TestSplit(t *testing.T) {
	docs := randomDocs(rand.New(rand.NewPCG(7, 1)), 2000, 10, 300)
	docs = append(docs, docs[:100]...) // each a second time
	dir := t.TempDir()
	writeSet(t, dir, testHeader(300), docs)
	s := openSet(t, dir)
	for _, share := range []float64{0, 1e-300, 0.1, 0.5, 1} {
		train, held := s.Split(share)
		if train.Docs()+held.Docs() != s.Docs() || train.Tokens()+held.Tokens() != s.Tokens() {
			t.Errorf("share %g: %d and %d documents of %d", share, train.Docs(), held.Docs(), s.Docs())
		}
		if got := float64(held.Docs()) / float64(s.Docs()); got < share-0.04 || got > share+0.04 {
			t.Errorf("share %g: %g held out", share, got)
		}
		for doc := range s.NumDocs() {
			if train.Holds(doc) == held.Holds(doc) {
				t.Fatalf("share %g: document %d is on both sides or none", share, doc)
			}
		}
		for i := range int64(100) {
			if held.Holds(i) != held.Holds(2000+i) {
				t.Fatalf("share %g: one text on both sides", share)
			}
		}
	}
	if found := s.Find(docs[7].id); !slices.Equal(found, []int64{7, 2007}) {
		t.Errorf("Find: %v", found)
	}
	if found := s.Find(ID{}); found != nil {
		t.Errorf("Find of nothing: %v", found)
	}
}

// seeds returns valid and damaged shards.
func seeds(t testing.TB) [][]byte {
	var all [][]byte
	for _, vocab := range []int{300, 1 << 17} {
		dir := t.TempDir()
		m := writeSet(t, dir, testHeader(vocab), randomDocs(rand.New(rand.NewPCG(8, 1)), 3, 5, vocab))
		data, err := os.ReadFile(filepath.Join(dir, m.Files[0].Name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data, data[:100], data[:headerSize])
	}
	dir := t.TempDir()
	m := writeSet(t, dir, maskedHeader(), lengthened(randomDocs(rand.New(rand.NewPCG(8, 2)), 20, 9, 300)))
	data, err := os.ReadFile(filepath.Join(dir, m.Files[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	return append(all, data)
}

// FuzzFile: a shard with a right hash is refused, or every document can be
// read.
func FuzzFile(f *testing.F) {
	for _, data := range seeds(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		data = tensor.AlignedCopy(data)
		if len(data) > hashSize { // so that the fuzzer gets past the hash
			sum := sha256.Sum256(data[:len(data)-hashSize])
			copy(data[len(data)-hashSize:], sum[:])
		}
		file, err := parse(data, func() {})
		if err != nil {
			return
		}
		for doc := range file.Docs() {
			tokens := make([]int32, file.Len(doc))
			file.Read(tokens, doc, 0)
			if slices.Max(tokens) >= int32(file.Header().VocabSize) || slices.Min(tokens) < 0 {
				t.Fatalf("document %d: %v", doc, tokens)
			}
			file.ID(doc)
			if file.Header().Masked {
				if file.Unmark(tokens, doc, 0); tokens[0] != -1 {
					t.Fatalf("document %d begins with %d", doc, tokens[0])
				}
			}
		}
	})
}

// FuzzManifest: a manifest is refused, or names files in its directory.
func FuzzManifest(f *testing.F) {
	dir := f.TempDir()
	writeSet(f, dir, testHeader(300), []document{{newID("a"), []int32{1}}})
	data, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(bytes.ReplaceAll(data, []byte("tokens-"), []byte("../tokens-")))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		for _, e := range m.Files {
			if filepath.Dir(filepath.Join("set", e.Name)) != "set" {
				t.Fatalf("%q leaves the directory", e.Name)
			}
		}
	})
}
