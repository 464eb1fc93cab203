package progress

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/polymath-lm/polymath/internal/visible"
)

// Count formats a number with its thousands apart: 1,234,567.
func Count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// Short formats a number with three digits and a letter: 226M, 1.82T.
func Short(n float64) string {
	for _, unit := range []struct {
		size   float64
		letter string
	}{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if n >= 0.9995*unit.size {
			return strconv.FormatFloat(n/unit.size, 'g', 3, 64) + unit.letter
		}
	}
	return strconv.FormatFloat(n, 'g', 3, 64)
}

// Rate formats a number of units: 23.1 GFLOP/s.
func Rate(n float64, unit string) string {
	short := Short(n)
	if last := short[len(short)-1]; last < '0' || last > '9' {
		return short[:len(short)-1] + " " + string(last) + unit
	}
	return short + " " + unit
}

// Bytes formats a size in powers of 1024.
func Bytes(n int64) string {
	size := float64(n)
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if size < 1024 {
			return strconv.FormatFloat(size, 'f', decimals(size, unit), 64) + " " + unit
		}
		size /= 1024
	}
	return strconv.FormatFloat(size, 'f', 1, 64) + " TiB"
}

func decimals(size float64, unit string) int {
	if unit == "B" || size >= 100 {
		return 0
	}
	return 1
}

// Duration formats a time with its two largest units: 3m05s, 2h10m.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	hours, minutes, seconds := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case d < 0:
		return "0s"
	case hours > 0:
		return fmt.Sprintf("%dh%02dm", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%dm%02ds", minutes, seconds)
	}
	return fmt.Sprintf("%ds", seconds)
}

// Visible makes text safe to show on a terminal, so that text from a model or a
// file cannot steer it, see visible.Text.
func Visible(text string) string { return visible.Text(text) }

// cutLine shortens a line to width columns.
func cutLine(line string, width int) string {
	return ansi.Truncate(line, max(width, 1), "…")
}

// round keeps three decimals, for log lines.
func round(v float64) float64 { return math.Round(v*1000) / 1000 }
