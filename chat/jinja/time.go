package jinja

import (
	"fmt"
	"strings"
	"time"
)

var strftimeLayouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'h': "Jan",
	'd': "02", 'e': "_2", 'm': "01", 'y': "06", 'Y': "2006",
	'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'j': "002",
	'D': "01/02/06", 'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04",
	'c': "Mon Jan _2 15:04:05 2006", 'x': "01/02/06", 'X': "15:04:05",
	'f': "000000",
}

// strftime formats t as C does in its own locale, for a time without a zone.
func strftime(t time.Time, format string) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		bare := format[i] == '-' && i+1 < len(format) // %-d: without the zero
		if bare {
			i++
		}
		c := format[i]
		s := ""
		switch layout, ok := strftimeLayouts[c]; {
		case c == 'f':
			s = fmt.Sprintf("%06d", t.Nanosecond()/1000)
		case ok:
			s = t.Format(layout)
		case c == '%':
			s = "%"
		case c == 'n':
			s = "\n"
		case c == 't':
			s = "\t"
		case c == 'w':
			s = fmt.Sprint(int(t.Weekday()))
		case c == 'Z' || c == 'z':
		default:
			s = "%" + string(rune(c))
		}
		if bare && len(s) > 1 {
			s = strings.TrimLeft(s[:len(s)-1], "0 ") + s[len(s)-1:]
		}
		b.WriteString(s)
	}
	return b.String()
}
