package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/tensor"
	"github.com/polymath-lm/polymath/tensor/safetensors"
)

// theirs is a model that transformers saved, as testdata/theirs.py describes it.
type theirs struct {
	Config string
	Index  string // model.safetensors.index.json, if there is one
	Files  map[string]struct{ Header, SHA256 string }
	Tokens []int32
	BF16   float64 // how far transformers' logits in bf16 are from those in fp32

	logits []float32 // of transformers in fp32
}

// readAllTheirs reads the cases of both golden files.
func readAllTheirs(t *testing.T) map[string]*theirs {
	t.Helper()
	cases := readTheirs(t, "testdata/theirs.safetensors")
	for name, c := range readTheirs(t, "testdata/theirs_layers.safetensors") {
		cases["layers "+name] = c
	}
	return cases
}

// readTheirs reads the cases of a file that testdata/theirs.py wrote.
func readTheirs(t *testing.T, path string) map[string]*theirs {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	cases := map[string]*theirs{}
	for _, name := range file.Names() {
		c := &theirs{}
		if err := json.Unmarshal([]byte(file.Metadata()[name]), c); err != nil {
			t.Fatal(name, err)
		}
		logits, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		c.logits = slices.Clone(logits.F32())
		cases[name] = c
	}
	return cases
}

// write makes the directory that transformers saved, to the byte.
func (c *theirs) write(t *testing.T, config string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	put := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("config.json", []byte(config))
	if c.Index != "" {
		put("model.safetensors.index.json", []byte(c.Index))
	}
	for name, f := range c.Files {
		data := theirFile(t, f.Header)
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 {
			t.Fatalf("%s is not the file that transformers wrote", name)
		}
		put(name, data)
	}
	return dir
}

// theirFile puts the formula's values where a header of safetensors says.
func theirFile(t *testing.T, header string) []byte {
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(header), &members); err != nil {
		t.Fatal(err)
	}
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	data = append(data, header...)
	start := len(data)
	for name, raw := range members {
		var m struct {
			DType   string
			Offsets [2]int `json:"data_offsets"`
		}
		if err := json.Unmarshal(raw, &m); name == "__metadata__" || err != nil {
			continue
		}
		if missing := start + m.Offsets[1] - len(data); missing > 0 {
			data = append(data, make([]byte, missing)...)
		}
		fillFormula(data[start+m.Offsets[0]:start+m.Offsets[1]], name, m.DType)
	}
	return data
}

// mixer returns the numbers from which testdata/theirs.py makes a tensor.
func mixer(name string) func(i int) uint32 {
	sum := sha256.Sum256([]byte(name))
	seed := binary.LittleEndian.Uint32(sum[:])
	return func(i int) uint32 {
		x := uint32(i)*0x9e3779b1 + seed
		x = (x ^ x>>16) * 0x85ebca6b
		x = (x ^ x>>13) * 0xc2b2ae35
		return x ^ x>>16
	}
}

// fillFormula writes the values of testdata/theirs.py.
func fillFormula(dst []byte, name, dtype string) {
	mix := mixer(name)
	size := map[string]int{"BF16": 2, "F16": 2, "F32": 4}[dtype]
	for i := range len(dst) / size {
		x := mix(i)
		v := (float32(x%2047) - 1023) / 2048
		if strings.HasSuffix(name, "norm.weight") {
			v = 1 + (float32(x%1023)-511)/1024
		}
		switch dtype {
		case "F32":
			binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
		case "F16":
			binary.LittleEndian.PutUint16(dst[2*i:], exactHalf(v))
		case "BF16":
			binary.LittleEndian.PutUint16(dst[2*i:], uint16(tensor.FromFloat32(v)))
		}
	}
}

// exactHalf converts a number that fp16 holds without rounding, and that is
// not denormal there.
func exactHalf(v float32) uint16 {
	b := math.Float32bits(v)
	sign := uint16(b >> 16 & 0x8000)
	if v == 0 {
		return sign
	}
	return sign | uint16(b>>23&0xff-112)<<10 | uint16(b>>13&0x3ff)
}

// distance returns how far the logits of the model in dir are from
// transformers', and the most that rounding to bf16 explains; see golden.check.
func (c *theirs) distance(t *testing.T, dir string, trainable bool) (got, limit float64) {
	t.Helper()
	m, err := Load(dir, trainable)
	if err != nil {
		t.Fatal(err)
	}
	n := len(c.Tokens)
	b := &Batch{Tokens: c.Tokens, Spans: []Span{{Len: n}}}
	for i, v := range allLogits(t, m, NewWorkspace(m, n, false), b) {
		d := float64(v) - float64(c.logits[i])
		got += d * d
	}
	return math.Sqrt(got), c.BF16 * (2 + 4/math.Sqrt(float64(len(c.logits))))
}

func (c *theirs) norm() (sum float64) {
	for _, v := range c.logits {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

func (c *theirs) check(t *testing.T, trainable bool) {
	t.Helper()
	got, limit := c.distance(t, c.write(t, c.Config), trainable)
	t.Logf("error %.3g of %.3g, transformers in bf16 %.3g", got, c.norm(), c.BF16)
	if !(got <= limit) {
		t.Errorf("error %g; rounding to bf16 explains %g\n%s", got, limit, c.Config)
	}
	if c.BF16 > 0.1*c.norm() {
		t.Errorf("the bound %g is useless beside the norm %g", c.BF16, c.norm())
	}
}

// TestTheirs: directories that transformers saved, in its spelling of today and
// of older releases, whole and in shards, of three number formats, give its
// logits here.
func TestTheirs(t *testing.T) {
	checkAll(t, readAllTheirs(t))
}

func checkAll(t *testing.T, cases map[string]*theirs) {
	for i, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) { cases[name].check(t, i%3 == 0) })
	}
}

// TestTheirsAtRandom is TestTheirs for configurations that testdata/theirs.py
// makes now. POLYMATH_PYTHON names a Python with transformers, POLYMATH_CASES
// how many (default 40), POLYMATH_SEED which, and POLYMATH_OLDER folders with
// older releases, separated by colons.
func TestTheirsAtRandom(t *testing.T) {
	python := os.Getenv("POLYMATH_PYTHON")
	if python == "" {
		t.Skip("POLYMATH_PYTHON names no Python with transformers")
	}
	if out, err := exec.CommandContext(t.Context(), python, "-c", "import transformers, torch").CombinedOutput(); err != nil {
		t.Skipf("POLYMATH_PYTHON has no transformers: %s", out)
	}
	orElse := func(name, otherwise string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return otherwise
	}
	path := filepath.Join(t.TempDir(), "theirs.safetensors")
	args := []string{"testdata/theirs.py", path, "--cases", orElse("POLYMATH_CASES", "40"), "--seed", orElse("POLYMATH_SEED", "2")}
	older := args
	if folders := os.Getenv("POLYMATH_OLDER"); folders != "" {
		older = append(append(slices.Clone(args), "--older"), filepath.SplitList(folders)...)
	}
	for _, args := range [][]string{older, append(slices.Clone(args), "--layers")} {
		if out, err := exec.CommandContext(t.Context(), python, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		checkAll(t, readTheirs(t, path))
	}
}
