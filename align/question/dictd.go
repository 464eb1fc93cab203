package question

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// readDictd reads dictionaries as dictd has them (dictd(8), dictfmt(1)): NAME.index with
// lines of a headword, an offset and a length, and NAME.dict or NAME.dict.dz with the
// texts. An index without its texts is that of something else.
func readDictd(c *collector, files []file) error {
	for _, index := range files {
		name, ok := strings.CutSuffix(unpacked(index.path), ".index")
		if !ok {
			continue
		}
		for _, f := range files {
			if path := unpacked(f.path); path != name+".dict" && path != name+".dict.dz" {
				continue
			}
			text, err := undzip(f)
			if err == nil {
				err = c.addDictd(index, text)
			}
			if err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// undzip unpacks what dictzip packed, which is a .gz for those who read all of it.
func undzip(f file) ([]byte, error) {
	if !strings.HasSuffix(unpacked(f.path), ".dz") {
		return f.content, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(f.content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	text, err := io.ReadAll(io.LimitReader(z, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("it has more than %d bytes", maxFile)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return text, nil
}

// addDictd adds the entries that an index has. What begins with 00-database or
// 00database is about the dictionary.
func (c *collector) addDictd(index file, text []byte) error {
	var list []term
	n := 0
	for line := range strings.Lines(string(index.content)) {
		n++
		parts := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(parts) < 3 {
			return fmt.Errorf("%s:%d: a line has a headword, an offset and a length, with tabs between", index.path, n)
		}
		offset, ok := decimal(parts[1])
		size, ok2 := decimal(parts[2])
		if !ok || !ok2 || offset > len(text) || size > len(text)-offset {
			return fmt.Errorf("%s:%d: the text of %q is not in the dictionary's %d bytes", index.path, n, parts[0], len(text))
		}
		if strings.HasPrefix(parts[0], "00-database") || strings.HasPrefix(parts[0], "00database") {
			continue
		}
		at := fmt.Sprintf("%s:%d", index.path, n)
		list = append(list, term{parts[0], meaning(parts[0], string(text[offset:offset+size])), at})
	}
	list = slices.DeleteFunc(list, func(t term) bool { return t.definition == "" })
	c.addTerms(list, "the dictionary "+stem(index.name), "")
	return nil
}

// meaning is a text without the headword in front.
func meaning(word, text string) string {
	first, rest, ok := strings.Cut(text, "\n")
	if ok && strings.EqualFold(strings.TrimSpace(first), word) {
		text = rest
	}
	return strings.ToValidUTF8(oneLine(text), "")
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decimal reads a number in base 64, the most significant digit first.
func decimal(text string) (n int, ok bool) {
	for _, r := range text {
		d := strings.IndexRune(digits, r)
		if d < 0 || n > (math.MaxInt32-d)/64 {
			return 0, false
		}
		n = n*64 + d
	}
	return n, text != ""
}
