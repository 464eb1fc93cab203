package pdf

import (
	"regexp"
	"strings"
	"time"
)

// datePattern is a date as PDF writes it, ISO 32000-1, 7.9.4: the year and as
// much more as is known.
var datePattern = regexp.MustCompile(`^(?:D:)?(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?(Z|[+-]\d\d'?\d\d)?`)

// readDate returns the date as far as it is known, such as 2022-08 or
// 2022-08-18T10:00:00+02:00, or "" for none.
func readDate(text string) string {
	m := datePattern.FindStringSubmatch(text)
	switch {
	case m == nil:
		return ""
	case m[2] == "":
		return valid("2006", m[1])
	case m[3] == "":
		return valid("2006-01", m[1]+"-"+m[2])
	case m[4] == "":
		return valid("2006-01-02", m[1]+"-"+m[2]+"-"+m[3])
	}
	day := m[1] + "-" + m[2] + "-" + m[3]
	second := m[6]
	if second == "" {
		second = "00"
	}
	clock := day + "T" + m[4] + ":" + m[5] + ":" + second
	zone := strings.ReplaceAll(m[7], "'", "")
	if zone == "" {
		return valid("2006-01-02T15:04:05", clock)
	}
	if zone != "Z" {
		zone = zone[:3] + ":" + zone[3:]
	}
	return valid(time.RFC3339, clock+zone)
}

// valid returns the date if there is such a day.
func valid(layout, date string) string {
	if _, err := time.Parse(layout, date); err != nil {
		return ""
	}
	return date
}
