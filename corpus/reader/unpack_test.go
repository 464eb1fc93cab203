package reader

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/polymath-lm/polymath/corpus/source"
	"pgregory.net/rapid"
)

// count reads a file and returns the number of sound records.
func count(f source.File, opt Options) (n int, err error) {
	r, err := Open(context.Background(), f, opt, Position{})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		g, err := step(r)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if g.Bad == "" && g.Skipped == "" {
			n++
		}
	}
}

func gz(parts ...[]byte) []byte {
	var out bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&out)
		_, _ = w.Write(p)
		_ = w.Close()
	}
	return out.Bytes()
}

func zst(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var out []byte
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		out = w.EncodeAll(p, out)
	}
	return out
}

// jsonLines makes lines whose length differs.
func jsonLines(n int) []byte {
	var b bytes.Buffer
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		fmt.Fprintf(&b, "{\"text\":\"line %d %x\"}\n", i, rng.Perm(rng.IntN(60)))
	}
	return b.Bytes()
}

// TestPackings reads the same lines in all packings, whatever the name says,
// and compares the records and going on from each.
func TestPackings(t *testing.T) {
	lines := jsonLines(200)
	half := len(lines) / 2 // in the middle of a line
	skippable := []byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3}
	plainGot := checkResume(t, file(t, "a.jsonl", lines), Options{})
	if len(plainGot) != 200 {
		t.Fatal(len(plainGot))
	}
	perLine := bytes.SplitAfter(lines, []byte("\n"))
	for name, packed := range map[string][]byte{
		"one.jsonl.gz": gz(lines), "two.jsonl": gz(lines[:half], lines[half:]), "empty.gz": gz(nil, lines[:half], nil, nil, lines[half:], nil),
		"lines.jsonl.gz": gz(perLine...), "zeros.jsonl.gz": append(gz(lines), make([]byte, 512)...),
		"one.jsonl.zst": zst(t, lines), "two.jsonl.gz": zst(t, lines[:half], lines[half:]), "lines.zst": zst(t, perLine...),
		"skip.jsonl.zst": append(append(bytes.Clone(skippable), zst(t, lines)...), skippable...),
	} {
		all := checkResume(t, file(t, name, packed), Options{Format: JSONL})
		if len(all) != len(plainGot) {
			t.Fatalf("%s: %d records", name, len(all))
		}
		for i, g := range all {
			if g.Content != plainGot[i].Content || g.Origin.Record != plainGot[i].Origin.Record {
				t.Fatalf("%s: record %d is %+v, want %+v", name, i, g, plainGot[i])
			}
			if strings.HasPrefix(name, "lines") { // entered at each member: the offset is that of the stored file
				at := all[i].Origin.Offset
				if how, err := packingOf(packed[at:]); err != nil || how == plain {
					t.Fatalf("%s: record %d is at byte %d, where no part begins", name, i, at)
				}
			}
		}
	}
}

// TestCutOff cuts packed files anywhere: what comes before the damage is read,
// then an error names the file.
func TestCutOff(t *testing.T) {
	lines := jsonLines(300)
	for name, packed := range map[string][]byte{"a.jsonl.gz": gz(lines[:9000], lines[9000:]), "a.jsonl.zst": zst(t, lines[:9000], lines[9000:])} {
		rapid.Check(t, func(rt *rapid.T) {
			n := rapid.IntRange(20, len(packed)-1).Draw(rt, "n")
			f := file(t, name, packed[:n])
			all, _, err := drain(t, f, Options{Format: JSONL}, Position{})
			if err == nil && bytes.Equal(packed[:n], gz(lines[:9000])) {
				return
			}
			if err == nil {
				how, _ := packingOf(packed)
				src, _ := unpack(mustStored(t, f), how, 300, false)
				if got, err := io.ReadAll(src); err != nil || len(got) != 9000 {
					rt.Fatalf("%s cut to %d bytes is no error: %d records", name, n, len(all))
				}
				return
			}
			if !strings.Contains(err.Error(), f.Path) || !errors.Is(err, io.ErrUnexpectedEOF) {
				rt.Fatalf("%s cut to %d bytes: %v", name, n, err)
			}
			for i, g := range all {
				if !strings.HasPrefix(g.Content, fmt.Sprintf("line %d ", i)) {
					rt.Fatalf("record %d is %+v", i, g)
				}
			}
			if n > len(packed)*3/4 && len(all) < 90 {
				rt.Fatalf("only %d records before the damage", len(all))
			}
		})
	}
}

func mustStored(t *testing.T, f source.File) *stored {
	t.Helper()
	s, err := openStored(context.Background(), f, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDamaged turns bits of packed files over: no panic, and errors or sound
// records.
func TestDamaged(t *testing.T) {
	lines := jsonLines(100)
	rng := rand.New(rand.NewPCG(3, 4))
	for name, packed := range map[string][]byte{"a.jsonl.gz": gz(lines), "a.jsonl.zst": zst(t, lines)} {
		bad := 0
		for range 100 {
			b := bytes.Clone(packed)
			at := 12 + rng.IntN(len(b)-12)
			b[at] ^= 1 << rng.IntN(8)
			if _, _, err := drain(t, file(t, name, b), Options{Format: JSONL}, Position{}); err != nil {
				bad++
			}
		}
		if bad < 95 { // a checksum is at the end of each
			t.Errorf("%s: only %d of 100 damages are noticed", name, bad)
		}
	}
}

func TestBombs(t *testing.T) {
	zeros := bytes.Repeat([]byte{' '}, fuse+1<<20)
	for name, packed := range map[string][]byte{"a.txt.gz": gz(zeros), "a.txt.zst": zst(t, zeros)} {
		f := file(t, name, packed)
		_, _, err := drain(t, f, Options{Format: JSONL}, Position{})
		if err == nil || !strings.Contains(err.Error(), "raise max_ratio") {
			t.Errorf("%s as JSONL: %v", name, err)
		}
		all, _, err := drain(t, f, Options{Format: Text, MaxRecord: 1 << 20}, Position{})
		if err == nil || len(all) > fuse>>20 || !strings.Contains(err.Error(), "raise max_ratio") {
			t.Errorf("%s as text: %d records, %v", name, len(all), err)
		}
		all, _, err = drain(t, f, Options{Format: HTML, MaxRecord: 1 << 20}, Position{})
		if err != nil || len(all) != 1 || !strings.Contains(all[0].Bad, "larger than 1048576 bytes") {
			t.Errorf("%s as HTML: %d records, %v", name, len(all), err)
		}
		if _, _, err := drain(t, f, Options{Format: Text, MaxRatio: 1 << 20, MaxRecord: 128 << 20}, Position{}); err != nil {
			t.Errorf("%s with a ratio that allows it: %v", name, err)
		}
	}
	// A window of 2 GiB, which zstd writes with --long=31.
	window := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3}, 1, 0, 0)
	if _, _, err := drain(t, file(t, "a.txt.zst", window), Options{}, Position{}); err == nil || !strings.Contains(err.Error(), "--long=27") {
		t.Error(err)
	}
	for name, head := range map[string]string{"a.bz2": "BZh91AY&SY", "a.xz": "\xfd7zXZ\x00\x00\x04"} {
		if _, _, err := drain(t, file(t, name, []byte(head)), Options{}, Position{}); err == nil || !strings.Contains(err.Error(), "pack the file with zstd or gzip") {
			t.Error(err)
		}
	}
}
