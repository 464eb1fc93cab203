package constrain

import (
	"fmt"
	"testing"
	"time"
)

// benchText is an answer to benchSchema as models write them.
const (
	benchSchema = `{"type":"object","properties":{"title":{"type":"string"},"summary":{"type":"string","maxLength":400},"year":{"type":"integer","minimum":1900,"maximum":2100},` +
		`"score":{"type":"number"},"tags":{"type":"array","items":{"enum":["science","history","fiction","poetry"]},"maxItems":4},` +
		`"author":{"type":"object","properties":{"name":{"type":"string"},"born":{"type":"string","format":"date"},"email":{"type":["string","null"]}},"required":["name"]}},` +
		`"required":["title","summary","year","tags","author"]}`
	benchText = "{\n  \"title\": \"The Time Machine and other stories\",\n  \"summary\": \"A Victorian scientist invents a machine that carries him through time, to a future in which mankind has split in two; \\\"the Eloi\\\" live above, the Morlocks below. It is a short novel and was a great success – one of the first of its kind.\",\n" +
		"  \"year\": 1995,\n  \"score\": 8.75,\n  \"tags\": [\n    \"science\",\n    \"fiction\"\n  ],\n  \"author\": {\n    \"name\": \"Herbert George Wells\",\n    \"born\": \"1966-09-21\",\n    \"email\": null\n  }\n}"
)

// encode divides text into the longest tokens that there are.
func encode(v *Vocabulary, text string) []int32 {
	ids := map[string]int32{}
	for id, t := range v.tokens {
		if v.usable.has(int32(id)) {
			ids[string(t)] = int32(id)
		}
	}
	var out []int32
	for len(text) > 0 {
		for n := min(len(text), 64); n > 0; n-- {
			if id, ok := ids[text[:n]]; ok {
				out = append(out, id)
				text = text[n:]
				break
			}
		}
	}
	return out
}

var benchSizes = map[string]int{"16k": 16384, "100k": 1 << 20}

// BenchmarkAnswer follows a whole answer: time per token, and the slowest
// token. cold: nothing is known of the grammar; warm: it was used before.
func BenchmarkAnswer(b *testing.B) {
	for name, size := range benchSizes {
		for _, cold := range []bool{true, false} {
			v := tiktokenVocabulary(b, "cl100k_base", size)
			ids := encode(v, benchText)
			logits := make([]float32, len(v.tokens))
			b.Run(fmt.Sprintf("vocabulary=%s/cold=%v", name, cold), func(b *testing.B) {
				var slowest time.Duration
				for b.Loop() {
					if cold {
						v.masks, v.reaches, v.grammars = newCache[maskKey, bitset](maskBytes), newCache[stateKey, *reach](reachBytes), newCache[[32]byte, *Grammar](grammarBytes)
					}
					g, err := v.Schema(b.Context(), []byte(benchSchema))
					if err != nil {
						b.Fatal(err)
					}
					m := g.NewMask()
					for _, id := range ids {
						begin := time.Now()
						m.Restrict(logits)
						m.Accept(id)
						slowest = max(slowest, time.Since(begin))
					}
					if !m.Complete() {
						b.Fatal("the answer is not accepted")
					}
				}
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(ids)), "µs/token")
				b.ReportMetric(float64(slowest.Microseconds()), "µs-slowest")
			})
		}
	}
}

// BenchmarkRestrict is one step whose mask is known.
func BenchmarkRestrict(b *testing.B) {
	for name, size := range benchSizes {
		v := tiktokenVocabulary(b, "cl100k_base", size)
		g := must(v.JSON(b.Context()))(b)
		m := g.NewMask()
		logits := make([]float32, len(v.tokens))
		for _, text := range []string{"{", `{"a`} {
			m.acceptBytes([]byte(text))
			b.Run(fmt.Sprintf("vocabulary=%s/%d", name, len(text)), func(b *testing.B) {
				for b.Loop() {
					m.Restrict(logits)
				}
			})
			m = g.NewMask()
		}
	}
}

// BenchmarkCompile compiles a schema.
func BenchmarkCompile(b *testing.B) {
	v := byteVocabulary()
	for b.Loop() {
		v.grammars = newCache[[32]byte, *Grammar](grammarBytes)
		if _, err := v.Schema(b.Context(), []byte(benchSchema)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVocabulary builds the tree of tokens.
func BenchmarkVocabulary(b *testing.B) {
	v := tiktokenVocabulary(b, "cl100k_base", 1<<20)
	for b.Loop() {
		NewVocabulary(v.tokens, nil, v.end)
	}
}
