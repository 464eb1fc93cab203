package tokenizer

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// marksGolden is testdata/marks/marks.json: what Hugging Face tokenizers make of many
// marks in a row, and the ids of the golden case qwen (make.py beside it).
type marksGolden struct {
	Tools []string
	Cases []struct {
		Text, NFC, NFD, NFKC, NFKD string
		IDs                        []int32
	}
}

func TestManyMarks(t *testing.T) {
	data, err := os.ReadFile("testdata/marks/marks.json")
	var g marksGolden
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil || len(g.Cases) < 30 {
		t.Fatal(len(g.Cases), err)
	}
	qwen := loadGolden(t, "qwen")
	for _, c := range g.Cases {
		for form, want := range map[string]string{"NFC": c.NFC, "NFD": c.NFD, "NFKC": c.NFKC, "NFKD": c.NFKD} {
			if got := (formNormalizer{forms[form]}).normalize([]byte("before "), []byte(c.Text)); string(got) != "before "+want {
				t.Errorf("%s of %+q: %+q, want %+q", form, c.Text, got, want)
			}
		}
		if got := qwen.AppendEncode(nil, []byte(c.Text)); !slices.Equal(got, c.IDs) {
			t.Errorf("%+q: ids %v, want %v", c.Text, got, c.IDs)
		}
	}
}

// TestUnbroken: what is done by hand is what norm does where it divides nothing, on
// text that is not UTF-8 too.
func TestUnbroken(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	bases := strings.Split("a e o A = é ạ न ᄀ ᅡ ᆨ 가 각 か ে া ﬁ ཀ \n \xff \xe2\x82 ﷺ", " ")
	marks := strings.Split("\u0301 \u0323 \u0302 \u0308 \u0338 \u0344 \u05b0 \u064b \u093c \u0f71 \u0f73 \u3099 \u034f", " ")
	for range 5000 {
		var b strings.Builder
		for range r.IntN(5) {
			b.WriteString(bases[r.IntN(len(bases))])
			for range r.IntN(3) * r.IntN(7) {
				b.WriteString(marks[r.IntN(len(marks))])
			}
		}
		text := []byte(b.String())
		for name, form := range forms {
			if got, want := (formNormalizer{form}).unbroken(nil, text), form.Bytes(text); string(got) != string(want) {
				t.Fatalf("%s of %+q: %+q, want %+q", name, text, got, want)
			}
		}
	}
}
