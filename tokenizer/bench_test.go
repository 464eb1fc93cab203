package tokenizer

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// benchText returns some of the novels, each a document.
func benchText(b *testing.B, files int) (docs [][]byte, size int64) {
	paths, err := filepath.Glob(filepath.Join(dataDir(b), "pt_novels", "*.txt"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range paths[:min(files, len(paths))] {
		text, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		docs, size = append(docs, text), size+int64(len(text))
	}
	return docs, size
}

func BenchmarkEncode(b *testing.B) {
	docs, size := benchText(b, 12)
	for _, s := range []Scheme{CL100K(), R50K()} {
		b.Run(s.Name, func(b *testing.B) {
			tok := loadRanks(b, dataDir(b), s)
			var ids []int32
			b.SetBytes(size)
			b.ReportAllocs()
			for b.Loop() {
				for _, doc := range docs {
					ids = tok.AppendEncode(ids[:0], doc)
				}
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	docs, size := benchText(b, 12)
	for name, s := range map[string]scanner{"gpt4": scanners[PatternGPT4], "gpt2": gpt2Scanner{}} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				for _, doc := range docs {
					for i := 0; i < len(doc); {
						i = s.end(doc, i)
					}
				}
			}
		})
	}
}

func BenchmarkTrain(b *testing.B) {
	docs, size := benchText(b, 96)
	b.SetBytes(size)
	for b.Loop() {
		if _, err := Train(slices.Values(docs), TrainOptions{VocabSize: 16384}); err != nil {
			b.Fatal(err)
		}
	}
}
