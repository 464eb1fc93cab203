package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/corpus/language"
)

// source is a line of sources.txt.
type source struct {
	name, role, code string // code is "" where the paths say the language
}

// collection is the texts of all sources.
type collection struct {
	train map[string]map[string][]string // by language and source
	tune  map[string][]string
	held  map[string][]string
	owner map[uint64]string // the language of a text; "" if several have it
}

// known are the languages of the model.
var known = strings.Fields("en de fr es it pt nl ru zh ja ko pl sv cs tr uk da fi hu ro vi el id ca nb sk bg hr ar he lt")

// others are languages that the model shall not take for one of those.
var others = strings.Fields("et lv sl eu sr mk fa hi ta te kn gu pa mr bn as km dz om th ka is ga cy af ml si ne")

func readSources(path string) (list []source, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 5 || fields[0] == "#" {
			continue
		}
		list = append(list, source{name: fields[0], role: fields[2], code: strings.Trim(fields[3], "-")})
	}
	return list, lines.Err()
}

func collect(dir, sources, goroot string) (*collection, error) {
	list, err := readSources(sources)
	if err != nil {
		return nil, err
	}
	c := &collection{train: map[string]map[string][]string{}, tune: map[string][]string{}, held: map[string][]string{}, owner: map[uint64]string{}}
	for _, s := range list {
		err := filepath.WalkDir(filepath.Join(dir, s.name), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			code := codeOf(path, s.code)
			if code == "" {
				return nil
			}
			paragraphs, err := paragraphsOf(path)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			for _, p := range paragraphs {
				c.take(s, code, strings.Join(strings.Fields(p), " "))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	c.dropShared()
	return c, c.addNoise(goroot)
}

// pathCode finds the language in the path of a file of a package.
var pathCode = regexp.MustCompile(`/(?:man|help|HTML|help/libreoffice|locale|translations)/([A-Za-z]{2,3}|C)(?:[-_][A-Za-z]+)?(?:\.UTF-8)?/|/debian-handbook/html/([a-z]{2})-[A-Z]{2}/|\.([a-z]{2})(?:-[a-z]{2})?\.html$`)

// codeOf returns the language of a file: that of its path, or else of its
// source; "" for none of interest.
func codeOf(path, code string) string {
	if strings.Contains(path, "@") {
		return "" // variants
	}
	if m := pathCode.FindStringSubmatch(path); m != nil {
		code = m[1] + m[2] + m[3]
	}
	switch code {
	case "C":
		code = "en"
	case "nn":
		return ""
	}
	if slices.Contains(known, code) || slices.Contains(others, code) {
		return code
	}
	return ""
}

// take puts a paragraph where its source belongs.
func (c *collection) take(s source, code, text string) {
	if len(text) < 20 || len(text) > 3000 || !plausible(code, text) {
		return
	}
	if s.role == "train" {
		if c.train[code] == nil {
			c.train[code] = map[string][]string{}
		}
		c.train[code][s.name] = append(c.train[code][s.name], c.own(code, text)...)
		return
	}
	if !slices.Contains(known, code) {
		return
	}
	into := c.tune
	if s.role == "test" {
		into = c.held
	}
	for _, sentence := range sentences(text) {
		into[code] = append(into[code], c.own(code, sentence)...)
	}
}

// own notes whose text it is, and returns it unless it was seen before.
func (c *collection) own(code, text string) []string {
	key := hash(text)
	owner, seen := c.owner[key]
	switch {
	case !seen:
		c.owner[key] = code
		return []string{text}
	case owner != code:
		c.owner[key] = ""
	}
	return nil
}

// dropShared drops texts that several languages have: they are not translated.
func (c *collection) dropShared() {
	several := func(t string) bool { return c.owner[hash(t)] == "" }
	for _, sources := range c.train {
		for name, texts := range sources {
			sources[name] = slices.DeleteFunc(texts, several)
		}
	}
	for _, part := range []map[string][]string{c.tune, c.held} {
		for code, texts := range part {
			if code != "en" { // the original of most
				part[code] = slices.DeleteFunc(texts, several)
			}
		}
	}
}

func hash(s string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, s) //nolint:errcheck // it never fails
	return h.Sum64()
}

// perSource and perOther bound the paragraphs of a source.
const (
	perSource = 6000
	perOther  = 400
)

// samples returns what to train on: of every source of a language as much.
func (c *collection) samples() (list []language.Sample) {
	for _, code := range slices.Sorted(maps.Keys(c.train)) {
		most, label := perSource, code
		if code != "" && !slices.Contains(known, code) {
			most, label = perOther, ""
		}
		for _, name := range slices.Sorted(maps.Keys(c.train[code])) {
			for _, t := range pick(c.train[code][name], most) {
				list = append(list, language.Sample{Language: label, Text: []byte(t)})
			}
		}
	}
	return list
}

// pick returns at most n of the texts: those with the lowest hashes.
func pick(texts []string, n int) []string {
	texts = slices.Clone(texts)
	slices.SortFunc(texts, func(a, b string) int {
		if x, y := hash(a), hash(b); x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return texts[:min(n, len(texts))]
}

// clean drops texts that a model is sure are in another language than their
// source says: quotations, and what was left untranslated. Of those that
// calibrate the model it drops English ones alone, the originals.
func (c *collection) clean(m *language.Model) (dropped int) {
	for code, sources := range c.train {
		for name, texts := range sources {
			sources[name] = slices.DeleteFunc(texts, func(t string) bool {
				g := m.Identify([]byte(t))
				return g.Language != code && g.Language != "" && g.Score > 0.95
			})
			dropped += len(texts) - len(sources[name])
		}
	}
	for code, texts := range c.tune {
		c.tune[code] = slices.DeleteFunc(texts, func(t string) bool {
			g := m.Identify([]byte(t))
			return code != "en" && g.Language == "en" && g.Score > 0.95
		})
		dropped += len(texts) - len(c.tune[code])
	}
	return dropped
}

// calibration returns as many sentences of each language.
func (c *collection) calibration() (list []language.Sample) {
	for _, code := range slices.Sorted(maps.Keys(c.tune)) {
		for _, s := range pick(c.tune[code], 300) {
			list = append(list, language.Sample{Language: code, Text: []byte(s)})
		}
	}
	return list
}

// writeHeld writes the sentences of the test, at most 1000 of a language.
func (c *collection) writeHeld(dir string) error {
	for code, texts := range c.held {
		text := strings.Join(pick(texts, 1000), "\n") + "\n"
		if err := os.WriteFile(filepath.Join(dir, code+".txt"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (c *collection) report(w io.Writer) {
	for _, code := range slices.Sorted(maps.Keys(c.train)) {
		fmt.Fprintf(w, "%-3s", code)
		for _, name := range slices.Sorted(maps.Keys(c.train[code])) {
			fmt.Fprintf(w, " %s:%d", name, len(c.train[code][name]))
		}
		fmt.Fprintln(w)
	}
}
