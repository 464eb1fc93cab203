package progress

import (
	"math"
	"strings"
)

// Bar draws a share of 0 to 1 as a bar of width columns, in eighths of one.
func Bar(share float64, width int) string {
	if !(share > 0) { // NaN too
		share = 0
	}
	eighths := int(math.Round(min(share, 1) * float64(8*width)))
	full := eighths / 8
	bar := strings.Repeat("█", full)
	if rest := eighths % 8; rest > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[rest-1])
		full++
	}
	return bar + strings.Repeat("░", width-full)
}

// Levels draws counts side by side, each a block as high as its share of the
// largest; zero is a dot.
func Levels(counts []int) string {
	blocks := []rune("▁▂▃▄▅▆▇█")
	largest := 0
	for _, c := range counts {
		largest = max(largest, c)
	}
	var b strings.Builder
	for _, c := range counts {
		if c <= 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(blocks[(c*len(blocks)-1)/largest])
	}
	return b.String()
}
