package corpus

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polymath-lm/polymath/corpus/document"
)

// randomDocument is at the end of its way.
func randomDocument(random *rand.Rand) *document.Document {
	d := &document.Document{}
	text := []byte(prose(random.Uint64N(50), 1+random.IntN(60)))
	d.Reset(text)
	d.ID, d.Format = document.NewID(text), document.HTML
	d.Origin = document.Origin{File: "f", Record: random.Int64N(10)}
	d.Language = []string{"", "en", "de"}[random.IntN(3)]
	d.LanguageScore, d.Quality, d.Perplexity = random.Float32(), random.Float32(), 1000*random.Float32()
	d.Cut("private", "email", 0, 5)
	if random.IntN(2) == 0 {
		d.Drop = &document.Drop{Filter: "c4", Rule: fmt.Sprint("rule", random.IntN(3))}
	}
	return d
}

// TestFunnelAndSamplesAddUp: counts and samples of parts, in any order, are those
// of the whole.
func TestFunnelAndSamplesAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var whole Funnel
		samples := Samples{}
		parts := make([]Funnel, 1+random.IntN(5))
		partSamples := make([]Samples, len(parts))
		for i := range partSamples {
			partSamples[i] = Samples{}
		}
		for range random.IntN(100) {
			d := randomDocument(random)
			at := random.IntN(len(parts))
			for _, f := range []*Funnel{&whole, &parts[at]} {
				f.reach("c4", 7)
				f.document(d, 100)
				f.bad(3)
				f.skip("image")
			}
			s := newSample(d, d.Text(), func(b []byte) []byte { return b })
			samples.add(sampleKey(d), s)
			if partSamples[at].wants(sampleKey(d), d.ID) {
				partSamples[at].add(sampleKey(d), s)
			}
		}
		var merged Funnel
		mergedSamples := Samples{}
		for _, i := range random.Perm(len(parts)) {
			merged.Merge(&parts[i])
			mergedSamples.Merge(partSamples[i])
		}
		if diff := cmp.Diff(whole, merged); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(samples, mergedSamples); diff != "" {
			t.Fatal(diff)
		}
		for key, list := range samples {
			if len(list) > samplesEach {
				t.Errorf("%d samples of %s", len(list), key)
			}
			for i := 1; i < len(list); i++ {
				if list[i-1].ID >= list[i].ID {
					t.Errorf("samples of %s: %s before %s", key, list[i-1].ID, list[i].ID)
				}
			}
		}
	}
}

func TestExcerpt(t *testing.T) {
	for _, n := range []int{0, 1, excerptBytes - 1, excerptBytes, excerptBytes + 1, 3 * excerptBytes} {
		text := []byte{}
		for len(text) < n {
			text = append(text, "é"...)
		}
		got := excerpt(text)
		if len(got) > excerptBytes || len(got) < min(len(text), excerptBytes)-1 || len(got)%2 != 0 {
			t.Errorf("%d of %d bytes", len(got), len(text))
		}
	}
}
