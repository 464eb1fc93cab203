package extract

import "testing"

// BenchmarkHTML reads the 131 pages of the data archives.
func BenchmarkHTML(b *testing.B) {
	pages := loadPages(b)
	var bytes int64
	for _, p := range pages {
		bytes += int64(len(p.html))
	}
	b.SetBytes(bytes)
	b.ReportAllocs()
	for b.Loop() {
		for _, p := range pages {
			if _, _, err := HTML(p.html, "", p.url); err != nil && err != ErrEmpty {
				b.Fatal(err)
			}
		}
	}
}
