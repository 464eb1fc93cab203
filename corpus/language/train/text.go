package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// paragraphsOf returns the paragraphs of a file of a kind that is known by its
// name, or none.
func paragraphsOf(path string) ([]string, error) {
	content, err := readFile(path)
	if err != nil || !utf8.Valid(content) && filepath.Ext(path) != ".mo" {
		return nil, err
	}
	switch ext := filepath.Ext(strings.TrimSuffix(path, ".gz")); ext {
	case ".mo":
		return translations(content), nil
	case ".html", ".page", ".docbook", ".xml":
		return markup(string(content)), nil
	case ".1", ".2", ".3", ".4", ".5", ".6", ".7", ".8":
		return manual(string(content)), nil
	}
	return nil, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if !strings.HasSuffix(path, ".gz") {
		return io.ReadAll(f)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

var (
	silent = regexp.MustCompile(`(?is)<!--.*?-->|<(script|style|pre|code|screen|programlisting|cmd|input|head)\b.*?</(script|style|pre|code|screen|programlisting|cmd|input|head)>`)
	tag    = regexp.MustCompile(`(?s)<(/?[a-zA-Z][a-zA-Z0-9:]*)?[^<>]*>`)
	inline = regexp.MustCompile(`(?i)^/?(a|abbr|acronym|b|bdi|em|emphasis|font|gui|guibutton|guilabel|guimenu|guimenuitem|guiseq|i|key|keycap|keyseq|link|literal|span|strong|sub|sup|u|ulink|application|app|command|filename|file|sys|tt|var|option|em-class)$`)
)

// markup returns the paragraphs of HTML, DocBook and Mallard.
func markup(s string) []string {
	s = silent.ReplaceAllString(s, " ")
	s = strings.ReplaceAll(s, "\n", " ")
	s = tag.ReplaceAllStringFunc(s, func(t string) string {
		if name := tag.FindStringSubmatch(t)[1]; inline.MatchString(name) {
			return ""
		}
		return "\n"
	})
	return strings.Split(html.UnescapeString(s), "\n")
}

var (
	escape  = regexp.MustCompile(`\\f(\[[^\]]*\]|\(..|.)|\\s[-+]?[0-9]|\\[&|^/,%:]|\\\*(\[[^\]]*\]|\(..|.)`)
	special = strings.NewReplacer(`\-`, "-", `\e`, `\`, `\(aq`, "'", `\(dq`, `"`, `\(cq`, "’", `\(oq`, "‘", `\(lq`, "“", `\(rq`, "”",
		`\(em`, "—", `\(en`, "–", `\(co`, "©", `\ `, " ", `\~`, " ", `\0`, " ", `\[aq]`, "'")
)

// manual returns the paragraphs of a manual page.
func manual(s string) (paragraphs []string) {
	var text strings.Builder
	end := func() {
		paragraphs = append(paragraphs, text.String())
		text.Reset()
	}
	sample := false
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, ".nf"), strings.HasPrefix(line, ".EX"):
			sample = true
		case strings.HasPrefix(line, ".fi"), strings.HasPrefix(line, ".EE"):
			sample = false
		case sample:
		case line == "", strings.HasPrefix(line, ".SH"), strings.HasPrefix(line, ".PP"), strings.HasPrefix(line, ".TP"), strings.HasPrefix(line, ".IP"), strings.HasPrefix(line, ".P"), strings.HasPrefix(line, ".SS"), strings.HasPrefix(line, ".br"):
			end()
		case line[0] == '.' || line[0] == '\'':
		default:
			text.WriteString(special.Replace(escape.ReplaceAllString(line, "")))
			text.WriteByte(' ')
		}
	}
	end()
	return paragraphs
}

var marks = regexp.MustCompile(`<[^<>]*>|%[-+0-9.]*[a-zA-Z]|\$[a-z_]+(\|[a-z_]+)*|[_&]`)

// translations returns the translated messages of a GNU .mo file.
func translations(content []byte) (texts []string) {
	var head [7]uint32
	if binary.Read(bytes.NewReader(content), binary.LittleEndian, &head) != nil || head[0] != 0x950412de {
		return nil
	}
	for i := range head[2] {
		at := int(head[4] + 8*i)
		if at+8 > len(content) {
			break
		}
		size, from := int(binary.LittleEndian.Uint32(content[at:])), int(binary.LittleEndian.Uint32(content[at+4:]))
		if i == 0 || size > len(content) || from > len(content)-size {
			continue // the first message is the header
		}
		for form := range strings.SplitSeq(string(content[from:from+size]), "\x00") {
			texts = append(texts, marks.ReplaceAllString(strings.ReplaceAll(form, "\n", " "), ""))
		}
	}
	return texts
}
