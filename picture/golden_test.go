package picture

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"
)

// golden is what testdata/golden.py writes: the answers of Pillow 13.0.0 and
// numpy 2.4.6.
type golden struct {
	Width, Height int
	Decode        []goldenCase
	Resize        []struct {
		From          []byte
		Width, Height int
		RGB           []byte
	}
	Patches struct {
		Width, Height, Side int
		Mean, Std           [3]float32
		RGB, Rows           []byte
	}
}

type goldenCase struct {
	Name          string
	Data          []byte
	Width, Height int
	RGB           []byte
	Most          int
	Mean          float64
}

func readGolden(t testing.TB) golden {
	t.Helper()
	f, err := os.Open("testdata/golden.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.NewDecoder(z).Decode(&g); err != nil {
		t.Fatal(err)
	}
	return g
}

// difference returns the largest and the mean difference of bytes.
func difference(a, b []byte) (most int, mean float64) {
	sum := 0
	for i := range a {
		d := max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
		most, sum = max(most, d), sum+d
	}
	return most, float64(sum) / float64(len(a))
}

func TestDecodeAsPillow(t *testing.T) {
	for _, c := range readGolden(t).Decode {
		t.Run(c.Name, func(t *testing.T) {
			p, err := Decode(c.Data, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if p.Width != c.Width || p.Height != c.Height || len(p.Pix) != len(c.RGB) {
				t.Fatalf("%dx%d, want %dx%d", p.Width, p.Height, c.Width, c.Height)
			}
			most, mean := difference(p.Pix, c.RGB)
			t.Logf("most %d, mean %.3f", most, mean)
			if most > c.Most || mean > c.Mean {
				t.Errorf("differs by up to %d, %.3f on average; at most %d and %.3f", most, mean, c.Most, c.Mean)
			}
		})
	}
}

func TestResizeAsPillow(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Resize {
		p := (&Picture{g.Width, g.Height, c.From}).Resize(c.Width, c.Height)
		most, mean := difference(p.Pix, c.RGB)
		t.Logf("%dx%d: most %d, mean %.5f", c.Width, c.Height, most, mean)
		if p.Width != c.Width || p.Height != c.Height || most > 1 || mean > 0.01 {
			t.Errorf("%dx%d: differs by up to %d, %.4f on average", c.Width, c.Height, most, mean)
		}
	}
}

func TestPatchesAsNumpy(t *testing.T) {
	g := readGolden(t).Patches
	scale := NewScale(g.Mean, g.Std, func(f float32) float32 { return f })
	rows := scale.Patches(nil, &Picture{g.Width, g.Height, g.RGB}, g.Side)
	if len(rows) != len(g.Rows)/4 {
		t.Fatalf("%d numbers, want %d", len(rows), len(g.Rows)/4)
	}
	for i, got := range rows {
		if want := math.Float32frombits(binary.LittleEndian.Uint32(g.Rows[4*i:])); got != want {
			t.Fatalf("number %d is %v, want %v", i, got, want)
		}
	}
}
