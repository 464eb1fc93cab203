package language

import (
	"os"
	"strings"
	"testing"
)

func BenchmarkIdentify(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"english", "The quick brown fox jumps over the lazy dog, and nobody in the village seems to mind that it does. "},
		{"german", "Der Bürgermeister eröffnete am Freitag die neue Brücke, über die schon lange gestritten worden war. "},
		{"russian", "Вчера вечером мы долго гуляли по набережной и говорили о том, что будет завтра. "},
		{"japanese", "昨日の夜、私たちは海岸を長い間散歩して、明日のことについて話しました。"},
	} {
		text := []byte(strings.Repeat(c.text, 1<<20/len(c.text)))
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				Identify(text)
			}
		})
	}
}

func BenchmarkFile(b *testing.B) {
	name := os.Getenv("POLYMATH_BENCH_TEXT")
	if name == "" {
		b.Skip("set POLYMATH_BENCH_TEXT to a file of text")
	}
	text, err := os.ReadFile(name)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Identify(text)
	}
}
