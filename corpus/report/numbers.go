package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"

	"github.com/polymath-lm/polymath/train/chart"
)

// count writes a number with its thousands apart.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// short writes a number in four or five characters.
func short(n int64) string { return chart.Number(float64(n)) }

// power writes 2^i in short.
func power(i int) string {
	units := []string{"", "Ki", "Mi", "Gi", "Ti", "Pi"}
	return strconv.Itoa(1<<(i%10)) + units[min(i/10, len(units)-1)]
}

// between writes the numbers from 2^i on that are less than twice that.
func between(i int) string {
	if i < 10 {
		return fmt.Sprintf("%d–%d", 1<<i, 1<<(i+1)-1)
	}
	return power(i) + "–" + power(i+1)
}

// size writes a number of bytes.
func size(n int64) string {
	v := float64(n)
	for _, unit := range []string{"B", "KiB", "MiB", "GiB", "TiB"} {
		if v < 1024 || unit == "TiB" {
			if unit == "B" || v >= 100 {
				return fmt.Sprintf("%.0f %s", v, unit)
			}
			return fmt.Sprintf("%.1f %s", v, unit)
		}
		v /= 1024
	}
	return ""
}

// percent writes the share of a part in a whole.
func percent(part, whole int64) string {
	switch p := 100 * float64(part) / float64(max(whole, 1)); {
	case part == 0:
		return "0%"
	case p < 0.01:
		return "<0.01%"
	case p < 1:
		return fmt.Sprintf("%.2f%%", p)
	default:
		return fmt.Sprintf("%.1f%%", p)
	}
}

// value writes what a rule measured.
func value(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return count(int64(v))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// soft is a name that may be parted after each underscore.
func soft(name string) template.HTML {
	return template.HTML(strings.ReplaceAll(string(escaped(name)), "_", "_<wbr>"))
}

// words makes a name of a recipe readable.
func words(name string) string { return strings.ReplaceAll(name, "_", " ") }
