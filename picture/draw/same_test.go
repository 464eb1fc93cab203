package draw_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/polymath-lm/polymath/picture/draw"
)

// digest returns a hash of all there is of a drawing.
func digest(t testing.TB, d *draw.Drawing) string {
	t.Helper()
	data, err := json.Marshal(draw.NewLine(d, ""))
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	h.Write(data)
	h.Write(d.Image.Pix)
	return hex.EncodeToString(h.Sum(nil))
}

// golden are hashes of pictures by kind. Where they change, so does what every
// seed draws: count manifestVersion up. The test is to be run on each kind of
// processor; go test -run TestGolden -v prints the hashes.
var golden = map[draw.Kind]string{
	draw.Scene:   "38b6a054497a9ea62ea90599",
	draw.Boxes:   "f29800e7b7c2043cfb3dbcc8",
	draw.Chart:   "c1a3a60148947369c99424c5",
	draw.Table:   "4a9307d69ea00911692b72c8",
	draw.Clock:   "3e27673a8edb5c1303e812d2",
	draw.Map:     "c356b90d7cd1ebe67ac29bd6",
	draw.Text:    "2183d71ddafa123ac662a965",
	draw.Diagram: "dfdbdb891e531aa71ce82fec",
}

// TestGolden wants the same bits on every machine and for ever.
func TestGolden(t *testing.T) {
	for _, kind := range draw.Kinds() {
		h := sha256.New()
		for i := range 60 {
			d := mustMake(t, 99, i, draw.Options{Kind: kind, Size: []int{64, 128, 224, 97}[i%4], Texts: []string{"func Größe(x float64) { return x*x }", "Ж ≤ Ω, 0O1lI|"}[:i%3]})
			fmt.Fprintln(h, digest(t, d))
		}
		got := hex.EncodeToString(h.Sum(nil)[:12])
		t.Logf("%s %q", kind, got)
		if got != golden[kind] {
			t.Errorf("%s on %s: the hash is %q, not %q", kind, runtime.GOARCH, got, golden[kind])
		}
	}
}

// TestAnyOrder makes pictures in different orders and at the same time.
func TestAnyOrder(t *testing.T) {
	const n = 40
	var want [n]string
	texts := []string{"package draw", "one two three four five six seven"}
	make := func(i int) string {
		return digest(t, mustMake(t, 3, i/8, draw.Options{Kind: draw.Kinds()[i%8], Size: 96, Texts: texts}))
	}
	for i := range n {
		want[i] = make(i)
	}
	for _, procs := range []int{1, 4} {
		old := runtime.GOMAXPROCS(procs)
		var all sync.WaitGroup
		for _, i := range rand.Perm(n) {
			all.Go(func() {
				if make(i) != want[i] {
					t.Errorf("picture %d differs with %d processors", i, procs)
				}
			})
		}
		all.Wait()
		runtime.GOMAXPROCS(old)
	}
}

// TestSeedsDiffer wants other pictures of other seeds and indexes.
func TestSeedsDiffer(t *testing.T) {
	for _, kind := range draw.Kinds() {
		seen := map[string]bool{}
		for i := range 50 {
			seen[digest(t, mustMake(t, uint64(i%2), i/2, draw.Options{Kind: kind}))] = true
		}
		if len(seen) != 50 {
			t.Errorf("%s: 50 pictures, %d different", kind, len(seen))
		}
	}
}

// TestGroups wants that a scene's group is that of its permutations, and about a
// tenth held out, as the group alone decides.
func TestGroups(t *testing.T) {
	side, held, all := map[string]bool{}, 0, 0
	groups := map[string]string{}
	for i := range 4000 {
		kind := []draw.Kind{draw.Scene, draw.Boxes}[i%2]
		d := mustMake(t, uint64(i%7), i/7, draw.Options{Kind: kind, Size: 64})
		f := read(t, d)
		key := contents(f)
		if g, ok := groups[key]; ok && g != d.Group {
			t.Fatalf("two pictures of %s are of different groups", key)
		}
		groups[key] = d.Group
		if was, ok := side[d.Group]; ok && was != d.HeldOut {
			t.Fatalf("a group is on both sides")
		}
		side[d.Group] = d.HeldOut
	}
	for _, h := range side {
		all++
		if h {
			held++
		}
	}
	if all == len(groups) && all < 3000 || len(side) != len(groups) {
		t.Errorf("%d groups of %d different contents", len(side), len(groups))
	}
	if share := float64(held) / float64(all); share < 0.08 || share > 0.125 {
		t.Errorf("%.3f of the groups are held out", share)
	}
}

// contents is what a scene holds, panel by panel, in no order.
func contents(f *facts) string {
	panels := map[int][]string{}
	for _, o := range f.Objects {
		at := slices.IndexFunc(f.Panels, func(p box) bool { return within(o.Box, p) })
		panels[at] = append(panels[at], fmt.Sprint(o.Color, o.Shape, o.Size))
	}
	var parts []string
	for _, p := range panels {
		slices.Sort(p)
		parts = append(parts, fmt.Sprint(p))
	}
	slices.Sort(parts)
	return f.Kind + strings.Join(parts, ";")
}

// TestTexts renders what is handed in: whole words of it, up to the limit, and
// nothing that the fonts lack.
func TestTexts(t *testing.T) {
	texts := []string{"  func\tMake(seed uint64)  (*Drawing, error) {", "日本語", "a\u0301bc combining", strings.Repeat("x", 90), "straße и мир", ""}
	for i := range 300 {
		d := mustMake(t, 8, i, draw.Options{Kind: draw.Text, Size: checkSizes[i%3], Texts: texts[:5], TextMax: 30})
		got := d.Facts.Text.Text
		if got != "func Make(seed uint64)" && got != "straße и мир" {
			t.Fatalf("%q is rendered", got)
		}
		for _, q := range d.Questions {
			if want := ask(read(t, d), textQuestions, q.Text); q.Type != draw.Description && want != q.Answer {
				t.Errorf("%q is answered %q, the checker says %q", q.Text, q.Answer, want)
			}
		}
		f := d.Facts.Text
		if b := f.Box; b[0] < 0 || b[1] < 0 || b[2] > d.Facts.Size || b[3] > d.Facts.Size {
			t.Errorf("the text of %d is at %v", i, b)
		}
	}
	d := mustMake(t, 8, 0, draw.Options{Kind: draw.Text, Texts: []string{"日本語"}})
	if text := d.Facts.Text.Text; text == "" || strings.ContainsRune(text, '日') {
		t.Errorf("%q is rendered where nothing can be", text)
	}
}

func TestOptions(t *testing.T) {
	for want, o := range map[string]draw.Options{
		"did you mean chart":     {Kind: "chrat"},
		"there are scene, boxes": {Kind: "photograph"},
		"size 63":                {Kind: draw.Scene, Size: 63},
		"size 1025":              {Kind: draw.Scene, Size: 1025},
		"-1 questions":           {Kind: draw.Scene, Questions: -1},
		"texts of 3 characters":  {Kind: draw.Text, TextMax: 3},
	} {
		if _, err := draw.Make(1, 0, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, not %q", o, err, want)
		}
	}
	if _, err := draw.Make(1, -1, draw.Options{Kind: draw.Scene}); err == nil {
		t.Error("picture -1 is drawn")
	}
	for list, want := range map[string]string{"scene,scene": "twice", "": "no kind", "clock,mop": "did you mean map"} {
		if _, err := draw.ParseKinds(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, not %q", list, err, want)
		}
	}
	kinds, err := draw.ParseKinds("map, text")
	if err != nil || !slices.Equal(kinds, []draw.Kind{draw.Map, draw.Text}) {
		t.Errorf("%v, %v", kinds, err)
	}
}

// TestAllSizes draws at odd sides and the largest.
func TestAllSizes(t *testing.T) {
	for _, kind := range draw.Kinds() {
		for _, size := range []int{64, 65, 77, 95, 96, 111, 112, 131, 300, 517, 1024} {
			for i := range 6 {
				if d := mustMake(t, 4, i, draw.Options{Kind: kind, Size: size}); d.Image.Rect.Dx() != size || d.Image.Rect.Dy() != size || !d.Image.Opaque() {
					t.Errorf("%s of %d pixels is %v", kind, size, d.Image.Rect)
				}
			}
		}
	}
}

// BenchmarkMake draws pictures of 128 pixels on one core.
func BenchmarkMake(b *testing.B) {
	for _, kind := range draw.Kinds() {
		b.Run(string(kind), func(b *testing.B) {
			for i := range b.N {
				mustMake(b, 1, i, draw.Options{Kind: kind})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pictures/s")
		})
	}
}

// ExampleMake draws a clock and asks what it shows.
func ExampleMake() {
	d, err := draw.Make(1, 0, draw.Options{Kind: draw.Clock, Size: 96})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Facts.Clock.Hour, d.Facts.Clock.Minute)
	// Output: 9 30
}

// TestHeldOut says that a picture is on the side that HeldOut tells.
func TestHeldOut(t *testing.T) {
	for _, k := range draw.Kinds() {
		for _, size := range []int{64, 128} {
			held := 0
			for i := range 60 {
				o := draw.Options{Kind: k, Size: size}
				d, err := draw.Make(5, i, o)
				if err != nil {
					t.Fatal(err)
				}
				got, err := draw.HeldOut(5, i, o)
				if err != nil || got != d.HeldOut {
					t.Errorf("%s %d of size %d: %v, %v; Make says %v", k, i, size, got, err, d.HeldOut)
				}
				if got {
					held++
				}
			}
			if held == 0 || held == 60 {
				t.Errorf("%s: %d of 60 are held out", k, held)
			}
		}
	}
	if _, err := draw.HeldOut(5, -1, draw.Options{Kind: draw.Scene}); err == nil {
		t.Error("a picture before the first one")
	}
}
