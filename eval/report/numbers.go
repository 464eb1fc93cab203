package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/stat"
	"github.com/polymath-lm/polymath/train/chart"
)

// count writes a number with its thousands apart.
func count[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// isShare reports whether a score is a share of what can be had, and written in
// percent.
func isShare(m eval.Metric) bool {
	return (m.Share || !m.Lower) && m.Estimate.Value >= 0 && m.Estimate.Value <= 1
}

// percent writes a share: 63.2%.
func percent(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) + "%" }

// score writes a score, a share in percent.
func score(v float64, share bool) string {
	if share {
		return percent(v)
	}
	return strconv.FormatFloat(v, 'f', 4, 64)
}

// decimal writes a measure that is no share, to three digits.
func decimal(v float64) string {
	text := strconv.FormatFloat(math.Abs(v), 'f', 3, 64)
	if v < 0 && text != "0.000" {
		return "−" + text
	}
	return text
}

// bounds writes the ends of an interval: 58.1 to 68.0.
func bounds(e stat.Estimate, share bool) string {
	switch {
	case !e.Available():
		return "no interval"
	case share:
		return fmt.Sprintf("%.1f to %.1f", 100*e.Low, 100*e.High)
	}
	return fmt.Sprintf("%.4f to %.4f", e.Low, e.High)
}

// signed writes a difference, of shares in points of percent.
func signed(v float64, share bool) string {
	digits := 4
	if share {
		v, digits = 100*v, 1
	}
	text := strconv.FormatFloat(math.Abs(v), 'f', digits, 64)
	switch {
	case strings.Trim(text, "0.") == "":
		return text
	case v < 0:
		return "−" + text
	}
	return "+" + text
}

// signedBounds writes the ends of the interval of a difference.
func signedBounds(e stat.Estimate, share bool) string {
	if !e.Available() {
		return "no interval"
	}
	return signed(e.Low, share) + " to " + signed(e.High, share)
}

// probability writes a p-value.
func probability(p float64) string {
	switch {
	case p < 0.001:
		return "<\u00a00.001"
	case p > 0.999:
		return "1"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

// equals puts a sign before a p-value that has none.
func equals(p string) string {
	if strings.HasPrefix(p, "<") {
		return p
	}
	return "=\u00a0" + p
}

// interval is an estimate for a drawing.
func interval(e stat.Estimate) chart.Interval {
	i := chart.Interval{Low: e.Low, Value: e.Value, High: e.High}
	if !e.Available() {
		i.Low, i.High = math.NaN(), math.NaN()
	}
	return i
}

// duration writes how long something took, to three digits or so.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// short writes a large number in four to six characters.
func short(n int64) string {
	if n < 100_000 {
		return count(n)
	}
	return chart.Number(float64(n))
}

// plural is the number with the word, which takes an s but for one.
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return count(n) + " " + word + "s"
}
