package model

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// theirGGUF is a file that llama.cpp made, as testdata/llamacpp.py describes it.
type theirGGUF struct {
	Kind    string
	Head    string   // the file up to its first tensor, in base64
	Size    int      // of the file
	Tensors [][4]any // name, format, offset, size; without a format, its bytes in base64
	SHA256  string
	Tokens  []int32
	BF16    float64 // how far transformers is from the logits, in bf16
	Int8    float64 // how far llama.cpp is from them, on the file as it is

	logits []float32 // of llama.cpp in fp32
}

func readLlamaCpp(t *testing.T, path string) map[string]*theirGGUF {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cases := map[string]*theirGGUF{}
	for _, name := range file.Names() {
		g := &theirGGUF{}
		if err := json.Unmarshal([]byte(file.Metadata()[name]), g); err != nil {
			t.Fatal(name, err)
		}
		logits, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		g.logits = slices.Clone(logits.F32())
		cases[name] = g
	}
	return cases
}

// write makes the file, to the byte, and returns its path.
func (g *theirGGUF) write(t *testing.T) string {
	t.Helper()
	head, err := base64.StdEncoding.DecodeString(g.Head)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, g.Size)
	copy(data, head)
	for _, entry := range g.Tensors {
		name, format, at := entry[0].(string), entry[1].(string), int(entry[2].(float64))
		if format == "" {
			raw, err := base64.StdEncoding.DecodeString(entry[3].(string))
			if err != nil {
				t.Fatal(err)
			}
			copy(data[at:], raw)
			continue
		}
		fillBlocks(data[at:at+int(entry[3].(float64))], name, format)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != g.SHA256 {
		t.Fatal("this is not the file that llama.cpp made")
	}
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fillBlocks writes the codes and scales of testdata/llamacpp.py.
func fillBlocks(dst []byte, name, format string) {
	formats := map[string]struct {
		block  int
		scales map[int]uint32 // where an fp16 scale is, and its least value
	}{
		"Q8_0":  {34, map[int]uint32{0: 0x1800}},
		"Q4_0":  {18, map[int]uint32{0: 0x2800}},
		"Q4_K":  {144, map[int]uint32{0: 0x1000, 2: 0x1c00}},
		"Q5_K":  {176, map[int]uint32{0: 0x0800, 2: 0x1800}},
		"Q6_K":  {210, map[int]uint32{208: 0x0400}},
		"MXFP4": {17, nil},
	}
	f, ok := formats[format]
	if !ok {
		fillFormula(dst, name, format)
		return
	}
	mix := mixer(name)
	for i := range dst {
		dst[i] = byte(mix(i) >> 24)
	}
	for at := 0; at < len(dst); at += f.block {
		for where, least := range f.scales {
			binary.LittleEndian.PutUint16(dst[at+where:], uint16(least+mix(at+where)&0x3ff))
		}
		if format == "MXFP4" {
			dst[at] = byte(122 + mix(at)%3)
		}
	}
}

// TestLlamaCpp: files that llama.cpp's converter and quantizer made give
// llama.cpp's logits here, for every architecture and format. What error is to
// be expected is what transformers in bf16 makes of the same weights, see
// golden.check; llama.cpp's own, by rounding activations to 8 bits, is beside it
// in the log. A trainable model of such a file, whose masters are the decoded
// weights, gives the same bits as one that keeps the blocks.
func TestLlamaCpp(t *testing.T) {
	cases := readLlamaCpp(t, "testdata/llamacpp.safetensors")
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) { cases[name].check(t) })
	}
}

func (g *theirGGUF) check(t *testing.T) {
	path := g.write(t)
	got := g.run(t, path, false)
	sum, norm := 0.0, 0.0
	for i, w := range g.logits {
		d := float64(got[i]) - float64(w)
		sum += d * d
		norm += float64(w) * float64(w)
	}
	e, limit := math.Sqrt(sum), g.BF16*(2+4/math.Sqrt(float64(len(g.logits))))
	t.Logf("error %.3g of %.3g, transformers in bf16 %.3g, llama.cpp on this file %.3g", e, math.Sqrt(norm), g.BF16, g.Int8)
	if !(e <= limit) {
		t.Errorf("error %g; rounding to bf16 explains %g", e, limit)
	}
	if g.BF16 > 0.1*math.Sqrt(norm) {
		t.Errorf("the bound %g is useless beside the norm %g", g.BF16, math.Sqrt(norm))
	}
	mustEqual(t, "trainable", g.run(t, path, true), got)
}

// run returns the logits of the file's tokens.
func (g *theirGGUF) run(t *testing.T, path string, trainable bool) []float32 {
	t.Helper()
	m, err := Load(path, trainable)
	if err != nil {
		t.Fatal(err)
	}
	n := len(g.Tokens)
	b := &Batch{Tokens: g.Tokens, Spans: []Span{{Len: n}}}
	return allLogits(t, m, NewWorkspace(m, n, false), b)
}
