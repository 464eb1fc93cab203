package grounding

import (
	"fmt"
	"os"
	"testing"
)

func TestShow(t *testing.T) {
	for _, f := range []string{"pt_novels/Barclay_Rosary_1909.txt", "pt_nltk_pd/inaugural/1861-Lincoln.txt"} {
		b, err := os.ReadFile("/tmp/w/flat/" + f)
		if err != nil {
			t.Skip()
		}
		m := NewMaker(MakerOptions{Seed: 1, Passage: 300, PerDocument: 25})
		_ = m.Document(string(b), func(e Example) error {
			fmt.Printf("%s\n + %s\n - %s   [%s]\n", e.Passage, e.Supported, e.Unsupported, e.Kind)
			return nil
		})
	}
}
