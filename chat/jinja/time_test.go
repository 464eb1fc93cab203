package jinja

import (
	"testing"
	"time"
)

func TestStrftime(t *testing.T) {
	at := time.Date(2025, 3, 9, 4, 5, 7, 8000, time.UTC)
	for format, want := range map[string]string{
		"%d %b %Y": "09 Mar 2025", "%-d.%-m.": "9.3.", "%e": " 9", "%H:%M:%S.%f": "04:05:07.000008", "%I %p": "04 AM",
		"%A, %B %d, %Y": "Sunday, March 09, 2025", "%j %y %%": "068 25 %", "%Q%": "%Q%", "%-H": "4", "%F %T": "2025-03-09 04:05:07", "%w": "0",
	} {
		if got := strftime(at, format); got != want {
			t.Errorf("%q gives %q, want %q", format, got, want)
		}
	}
}
