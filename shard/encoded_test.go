package shard

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestAddEncoded: tokens that are encoded already give the same files, whatever
// the widths, and are checked as others are.
func TestAddEncoded(t *testing.T) {
	for _, vocab := range []int{300, 1 << 16, 1<<16 + 1} {
		docs := append(randomDocs(rand.New(rand.NewPCG(3, 4)), 50, 100, min(vocab, 1<<16)), document{})
		h := testHeader(vocab)
		h.FileBytes = 4096
		want := writeSet(t, t.TempDir(), h, docs)
		for _, width := range []int{2, 4} {
			dir := t.TempDir()
			w, err := NewWriter(dir, h)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range docs {
				if err := w.AddEncoded(d.id, appendTokens(nil, d.tokens, width), width); err != nil {
					t.Fatal(err)
				}
			}
			got, err := w.Close()
			if err != nil || got.Hash() != want.Hash() {
				t.Errorf("vocabulary of %d, %d bytes a token: manifest %s, want %s, %v", vocab, width, got.Hash(), want.Hash(), err)
			}
		}
	}
}

func TestAddEncodedOutside(t *testing.T) {
	for _, c := range []struct {
		vocab, width int
		token        uint32
	}{{300, 2, 300}, {300, 4, 300}, {300, 4, 1 << 31}, {70000, 4, 70000}, {70000, 4, 1<<32 - 1}} {
		w, err := NewWriter(t.TempDir(), testHeader(c.vocab))
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 2*c.width)
		if c.width == 2 {
			binary.LittleEndian.PutUint16(b[2:], uint16(c.token))
		} else {
			binary.LittleEndian.PutUint32(b[4:], c.token)
		}
		err = w.AddEncoded(ID{1}, b, c.width)
		if err == nil || !strings.Contains(err.Error(), "at position 1 is outside the vocabulary") {
			t.Errorf("%+v: %v", c, err)
		}
		if again := w.AddEncoded(ID{2}, b[:c.width], c.width); again != err {
			t.Errorf("%+v: the next document gives %v", c, again)
		}
		w.Abort()
	}
}
