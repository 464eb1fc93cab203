package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/train/optim"
)

// tinyModel is the least that Save writes.
func tinyModel(t testing.TB) *model.Model {
	t.Helper()
	cfg, err := model.Default(model.Qwen3)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 8, 8, 1, 8
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim, cfg.MaxPositions = 1, 1, 8, 8
	m, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// write writes a checkpoint of two parts and returns its directory.
func write(t testing.TB, s *Store, step int) string {
	t.Helper()
	m := tinyModel(t)
	dir, hash, err := s.Write(step, Content{
		Parts: []string{"a", "b"},
		Models: func(dir string) error {
			for _, name := range []string{"a", "b"} {
				if err := m.Save(filepath.Join(dir, name), model.Provenance{}, nil); err != nil {
					return err
				}
			}
			return nil
		},
		Files: []File{
			Arrays("arrays.safetensors", []optim.State{{Name: "x", Data: []float32{1, 2, 3}}, {Name: "y", Data: []float32{4}}}),
			JSON("state.json", func() any { return map[string]int{"step": step} }),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := atomicfile.Hash(filepath.Join(dir, TrainingDir, sealFile)); err != nil || sum != hash {
		t.Errorf("the seal has hash %s, not %s, %v", sum, hash, err)
	}
	return dir
}

func open(t testing.TB) *Store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	unlock, err := Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unlock(); err != nil {
			t.Error(err)
		}
	})
	return New(dir)
}

// TestParts damages and removes each file of a checkpoint of two models.
func TestParts(t *testing.T) {
	dir := write(t, open(t), 3)
	s, err := Verify(dir, "state.json", "arrays.safetensors")
	if err != nil || len(s.Parts) != 2 || s.Model != "" {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := Verify(dir, "other"); err == nil || !strings.Contains(err.Error(), "does not list other") {
		t.Error(err)
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		flipped := slices.Clone(text)
		flipped[len(text)/2] ^= 1
		for _, damage := range []func() error{
			func() error { return os.WriteFile(path, flipped, 0o666) },
			func() error { return os.Remove(path) },
		} {
			if err := damage(); err != nil {
				return err
			}
			if _, err := Verify(dir); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v", path, err)
			}
		}
		return os.WriteFile(path, text, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(dir); err != nil {
		t.Error(err)
	}
}

// TestStore keeps the newest, and takes what is left behind away.
func TestStore(t *testing.T) {
	s := open(t)
	if last, err := Last(s.RunDir); err != nil || last != "" {
		t.Errorf("%q, %v", last, err)
	}
	for _, step := range []int{2, 10, 100000001} {
		write(t, s, step)
	}
	for _, name := range []string{writingName, removingName, "step-x", "other"} {
		if err := os.Mkdir(filepath.Join(s.root(), name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Prune(2); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveLeftovers(); err != nil {
		t.Fatal(err)
	}
	list, err := List(s.RunDir)
	if err != nil || len(list) != 2 || list[0].Step != 10 || list[1].Step != 100000001 || filepath.Base(list[0].Path) != "step-00000010" {
		t.Errorf("%v, %v", list, err)
	}
	entries, err := os.ReadDir(s.root())
	if err != nil || len(entries) != 4 {
		t.Errorf("%v, %v", entries, err)
	}
	broken := errors.New("broken")
	if _, _, err := s.Write(11, Content{Models: func(dir string) error { return errors.Join(os.Mkdir(dir, 0o777), broken) }}); !errors.Is(err, broken) {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(s.root(), writingName)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("what was half written is there")
	}
}

// TestReadArrays refuses what was not written by the same run.
func TestReadArrays(t *testing.T) {
	path := filepath.Join(write(t, open(t), 1), TrainingDir, "arrays.safetensors")
	x, y := make([]float32, 3), make([]float32, 1)
	if err := ReadArrays(path, []optim.State{{Name: "y", Data: y}, {Name: "x", Data: x}}); err != nil || !slices.Equal(x, []float32{1, 2, 3}) || y[0] != 4 {
		t.Errorf("%v, %v, %v", x, y, err)
	}
	for want, list := range map[string][]optim.State{
		"2 tensors where": {{Name: "x", Data: x}},
		"z":               {{Name: "x", Data: x}, {Name: "z", Data: y}},
		"tensor x has 3":  {{Name: "x", Data: y}, {Name: "y", Data: y}},
	} {
		if err := ReadArrays(path, list); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestReplace: the new one is there, or the old one.
func TestReplace(t *testing.T) {
	s := open(t)
	final := filepath.Join(s.RunDir, "model")
	for _, text := range []string{"1", "2"} {
		err := s.Replace(final, func(dir string) error {
			return errors.Join(os.Mkdir(dir, 0o777), os.WriteFile(filepath.Join(dir, "f"), []byte(text), 0o666))
		})
		if got, readErr := os.ReadFile(filepath.Join(final, "f")); err != nil || readErr != nil || string(got) != text {
			t.Errorf("%q, %v, %v", got, err, readErr)
		}
	}
	broken := errors.New("broken")
	if err := s.Replace(final, func(string) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(final, "f")); err != nil || string(got) != "2" {
		t.Errorf("%q, %v", got, err)
	}
	left, err := filepath.Glob(filepath.Join(s.RunDir, "model?*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSameRecipe(t *testing.T) {
	saved := []byte(`{"a": 1, "b": {"c": [1, 2], "d": "x"}}`)
	for now, want := range map[string]string{
		`{"b": {"d": "x", "c": [1,2]}, "a": 1}`:  "",
		`{"a": 2, "b": {"c": [1, 2], "d": "x"}}`: "the recipe's a is 2 now and was 1",
		`{"a": 1, "b": {"c": [1], "d": "x"}}`:    "the recipe's b.c is [1] now and was [1,2]",
		`{"a": 1, "b": {"c": [1, 2], "d": "y"}}`: "",
		`{"b": {"c": [1, 2]}}`:                   "the recipe's a is not there now",
	} {
		err := SameRecipe(saved, []byte(now), map[string]bool{"b.d": true})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", now, err, want)
		}
	}
}

// TestFree: what is not there yet has the room of what is above it.
func TestFree(t *testing.T) {
	dir := t.TempDir()
	if a, b := Free(dir), Free(filepath.Join(dir, "not", "there")); (a < 0) != (b < 0) || a == 0 {
		t.Errorf("%d and %d bytes", a, b)
	}
}
