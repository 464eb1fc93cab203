package filter

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/polymath-lm/polymath/corpus/document"
)

// BenchmarkSteps measures each published filter with the words it needs, and all
// of them, on the texts that POLYMATH_TEXTS names or else on those of testdata.
func BenchmarkSteps(b *testing.B) {
	name := os.Getenv("POLYMATH_TEXTS")
	if name == "" {
		name = "testdata/decisions.jsonl"
	}
	f, err := os.Open(name) //nolint:gosec // the caller's
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var texts [][]byte
	total := 0
	for d := json.NewDecoder(bufio.NewReader(f)); d.More(); {
		var s struct {
			Text string `json:"text"`
		}
		if err := d.Decode(&s); err != nil {
			b.Fatal(err)
		}
		texts = append(texts, []byte(s.Text))
		total += len(s.Text)
	}
	steps := published(b)
	run := func(name string, steps ...document.Step) {
		b.Run(name, func(b *testing.B) {
			var d document.Document
			b.SetBytes(int64(total))
			b.ReportAllocs()
			for b.Loop() {
				for _, text := range texts {
					d.Reset(text)
					d.Words()
					for _, s := range steps {
						s.Apply(&d)
						d.Drop = nil
					}
				}
			}
		})
	}
	run("words")
	for _, s := range steps {
		run(s.Name(), s)
	}
	run("all", steps[:]...)
}
