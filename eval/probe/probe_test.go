package probe

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/model/vision"
)

// TestSolve: at the weights the gradient of what is minimized is 0.
func TestSolve(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n, d, classes = 40, 7, 3
	rows, samples, all := make([][]float64, n), make([]sample, n), make([]int, n)
	for i := range rows {
		rows[i] = make([]float64, d)
		for k := range d - 1 {
			rows[i][k] = random.NormFloat64()
		}
		rows[i][d-1] = 1
		samples[i].class, all[i] = random.IntN(classes), i
	}
	for _, ridge := range ridges {
		w, err := newNormal(rows, samples, all, classes).solve(ridge)
		if err != nil {
			t.Fatal(err)
		}
		for k := range d {
			for c := range classes {
				gradient := 0.0
				for i, row := range rows {
					value := 0.0
					for j, v := range row {
						value += v * w.w[j*classes+c]
					}
					if samples[i].class == c {
						value--
					}
					gradient += value * row[k]
				}
				if k < d-1 {
					gradient += ridge * n * w.w[k*classes+c]
				}
				if math.Abs(gradient) > 1e-9 {
					t.Errorf("ridge %g, weight %d of class %d: gradient %g", ridge, k, c, gradient)
				}
			}
		}
	}
	rows[3][2] = math.NaN()
	if _, err := newNormal(rows, samples, all, classes).solve(0.1); err == nil {
		t.Error("weights of what is no number")
	}
}

func eye(t *testing.T) *model.Model {
	t.Helper()
	cfg, err := model.Default(model.Qwen3)
	if err != nil {
		t.Fatal(err)
	}
	cfg.VocabSize, cfg.HiddenSize, cfg.NumLayers, cfg.IntermediateSize = 64, 32, 1, 32
	cfg.NumHeads, cfg.NumKVHeads, cfg.HeadDim, cfg.MaxPositions = 2, 2, 16, 64
	v := vision.Default()
	v.ImageSize, v.PatchSize, v.Box, v.Short = 16, 4, 16, 16
	v.HiddenSize, v.IntermediateSize, v.NumLayers, v.NumHeads, v.InitStd, v.ImageTokenID = 16, 32, 2, 2, 0.3, 5
	cfg.Vision = &v
	m, err := model.New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// folders writes pictures of a class that are of its color, give or take, or of any.
func folders(t *testing.T, each int, told bool) string {
	t.Helper()
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(3, 4))
	for c, name := range []string{"cold", "green", "warm"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
		for i := range each {
			p := image.NewNRGBA(image.Rect(0, 0, 20, 12))
			base := [3]uint8{90, 90, 90}
			if told {
				base[2-c] += 80
			}
			shift := uint8(random.IntN(40))
			for y := range 12 {
				for x := range 20 {
					p.SetNRGBA(x, y, color.NRGBA{base[0] + shift, base[1] + uint8(random.IntN(60)), base[2] + uint8(random.IntN(60)), 255})
				}
			}
			var b bytes.Buffer
			if err := png.Encode(&b, p); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name, fmt.Sprintf("%03d.png", i)), b.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func TestRun(t *testing.T) {
	m := eye(t)
	dir := folders(t, 120, true)
	told := 0
	r, err := Run(t.Context(), m, Options{Dir: dir, Observe: func(done, all int) { told = done * 1000 / all }})
	if err != nil {
		t.Fatal(err)
	}
	if r.Width != 16 || r.Train+r.Test != 360 || r.Test < 40 || r.Test > 110 || told != 1000 || strings.Join(r.Classes, " ") != "cold green warm" {
		t.Errorf("%+v", r)
	}
	if r.Accuracy.Value < 0.95 || r.Pixels.Value < 0.95 || !r.Accuracy.Available() {
		t.Errorf("what is plain to see is not told apart: %+v", r)
	}
	again, err := Run(t.Context(), m, Options{Dir: dir})
	if err != nil || !reflect.DeepEqual(r, again) {
		t.Errorf("another time: %v\n%+v\n%+v", err, r, again)
	}
	few, err := Run(t.Context(), m, Options{Dir: dir, Limit: 20})
	if err != nil || few.Train+few.Test != 60 {
		t.Errorf("%v: %+v", err, few)
	}
	blank, err := Run(t.Context(), m, Options{Dir: folders(t, 120, false)})
	if err != nil || blank.Accuracy.Low > 1./3 || blank.Accuracy.High < 0.2 {
		t.Errorf("%v: what cannot be told apart is: %+v", err, blank)
	}
}

// TestLinks: pictures and folders that are linked count as if they lay there, and a link
// to nothing is named.
func TestLinks(t *testing.T) {
	m := eye(t)
	dir := folders(t, 40, true)
	want, err := Run(t.Context(), m, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	away := filepath.Join(t.TempDir(), "away")
	if err := os.Rename(filepath.Join(dir, "warm"), away); err != nil {
		t.Fatal(err)
	}
	link := func(from, to string) {
		t.Helper()
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	link(away, filepath.Join(dir, "warm"))
	for i := range 40 {
		name := fmt.Sprintf("%03d.png", i)
		other := filepath.Join(t.TempDir(), "picture")
		if err := os.Rename(filepath.Join(dir, "cold", name), other); err != nil {
			t.Fatal(err)
		}
		link(other, filepath.Join(dir, "cold", name))
	}
	link(t.TempDir(), filepath.Join(dir, "cold", "folder")) // is no picture
	link("nothing", filepath.Join(dir, "cold", ".hidden"))
	got, err := Run(t.Context(), m, Options{Dir: dir})
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\n%+v", err, got, want)
	}
	link("nothing", filepath.Join(dir, "cold", "broken.png"))
	if _, err := Run(t.Context(), m, Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "broken.png") {
		t.Errorf("a link to nothing: %v", err)
	}
}

func TestRunRefuses(t *testing.T) {
	m := eye(t)
	dir := folders(t, 30, true)
	if err := os.WriteFile(filepath.Join(dir, "warm", "010.png"), []byte("no picture"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), m, Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), filepath.Join("warm", "010.png")) {
		t.Errorf("a file that is no picture: %v", err)
	}
	if _, err := Run(t.Context(), m, Options{Dir: t.TempDir()}); err == nil {
		t.Error("no pictures")
	}
	if _, err := Run(t.Context(), m, Options{Dir: folders(t, 1, true)}); err == nil || !strings.Contains(err.Error(), "too few") {
		t.Errorf("one picture a class: %v", err)
	}
	cfg := *m.Config()
	cfg.Vision = nil
	blind, err := model.New(&cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), blind, Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "no vision tower") {
		t.Errorf("a model that cannot see: %v", err)
	}
}
