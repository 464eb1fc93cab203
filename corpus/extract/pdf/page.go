package pdf

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium/requests"
)

// page returns the characters of a page, with PDFium's marks for hyphens at the
// ends of lines.
func (r *reader) page(page requests.Page) (string, error) {
	loaded, err := r.instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: page})
	if err != nil {
		return "", err
	}
	characters, err := r.instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: loaded.TextPage})
	if err != nil {
		return "", err
	}
	text := ""
	if characters.Count > 0 {
		got, err := r.instance.FPDFText_GetText(&requests.FPDFText_GetText{
			TextPage: loaded.TextPage,
			Count:    2 * characters.Count, // one beyond U+FFFF takes the room of two
		})
		if err != nil {
			return "", err
		}
		text = got.Text
	}
	_, err = r.instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: loaded.TextPage})
	return text, err
}

// hyphen is what PDFium puts for a hyphen and the line break after it.
const hyphen = '\ufffe'

// leaders are the dots that lead from a heading to its page in a list of
// contents.
var leaders = regexp.MustCompile(`\.(?: ?\.){4,}`)

// appendPage appends the lines of a page, or nothing if it is blank. Glyphs
// without a character come as control characters and go. Rows of dots become three.
func appendPage(dst []byte, page string) []byte {
	start := len(dst)
	page = leaders.ReplaceAllString(page, "...")
	for i, c := range page {
		switch {
		case c == '\n':
			dst = append(trimSpace(dst, start), '\n')
		case c == hyphen && strings.IndexAny(page[i+1:], "\r\n") == 0:
			dst = append(dst, '-')
		case c == hyphen:
			dst = append(dst, "-\n"...)
		case c == '\t' || c != utf8.RuneError && !unicode.IsControl(c) && c&0xfffe != 0xfffe:
			dst = utf8.AppendRune(dst, c)
		}
	}
	dst = trimSpace(dst, start)
	if len(bytes.TrimSpace(dst[start:])) == 0 {
		return dst[:start]
	}
	return append(dst, '\n')
}

// trimSpace takes blanks off the end of dst, back to start.
func trimSpace(dst []byte, start int) []byte {
	for len(dst) > start && (dst[len(dst)-1] == ' ' || dst[len(dst)-1] == '\t') {
		dst = dst[:len(dst)-1]
	}
	return dst
}
