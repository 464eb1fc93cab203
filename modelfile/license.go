package modelfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/tensor/gguf"
)

// License is what a model says of its license; empty fields are not stated.
// Nothing of it is checked.
type License struct {
	ID    string   `json:"id,omitempty"`    // such as apache-2.0
	Name  string   `json:"name,omitempty"`  // of a license without an id
	Link  string   `json:"link,omitempty"`  // to its text
	From  string   `json:"from,omitempty"`  // the key or file that says so
	Files []string `json:"files,omitempty"` // license texts beside the weights
}

const readmeName = "README.md"

// The keys of a license in a GGUF file.
const (
	keyName        = "general.name"
	keyLicense     = "general.license"
	keyLicenseName = "general.license.name"
	keyLicenseLink = "general.license.link"
)

// maxText bounds the small files of a model that are read whole.
const maxText = 64 << 20

// frontMatter is what matters here of the YAML that a model card begins with.
type frontMatter struct {
	License any    `yaml:"license"` // text, or a list of it
	Name    string `yaml:"license_name"`
	Link    string `yaml:"license_link"`
}

// dirLicense reads the license of a directory: the first lines of README.md, and
// the names of files with licenses.
func dirLicense(dir string) (License, error) {
	var l License
	entries, err := os.ReadDir(dir)
	if err != nil {
		return l, err
	}
	for _, e := range entries {
		if isLicense(e.Name()) && !e.IsDir() {
			l.Files = append(l.Files, e.Name())
		}
	}
	card, err := atomicfile.ReadSmall(filepath.Join(dir, readmeName), maxText)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	if m, ok := parseCard(card); ok {
		l.ID, l.Name, l.Link = m.id(), m.Name, m.Link
	}
	if l.ID != "" || l.Name != "" {
		l.From = readmeName
	}
	return l, nil
}

func isLicense(name string) bool {
	upper := strings.ToUpper(name)
	return slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "USE_POLICY"}, func(p string) bool {
		return strings.HasPrefix(upper, p)
	})
}

// parseCard reads the YAML between two lines of dashes at the beginning of a
// model card. A card without, or with something else, says nothing.
func parseCard(card []byte) (m frontMatter, ok bool) {
	card = bytes.ReplaceAll(card, []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(card, []byte("---\n"))
	if !ok {
		return m, false
	}
	head, _, ok := bytes.Cut(rest, []byte("\n---"))
	head = licenseLines(head)
	const most = 1 << 10 // the parser takes the square of it where lists are nested
	if !ok || len(head) > most {
		return m, false
	}
	return m, yaml.Unmarshal(head, &m) == nil
}

// licenseLines returns the lines of the keys that frontMatter has, with those
// that go on from them.
func licenseLines(head []byte) []byte {
	var out []byte
	inside := false
	for line := range bytes.Lines(head) {
		if key, _, ok := bytes.Cut(line, []byte(":")); ok && !bytes.ContainsAny(line[:1], " -#") {
			inside = slices.Contains([]string{"license", "license_name", "license_link"}, string(bytes.Trim(key, `"' `)))
		}
		if inside {
			out = append(out, line...)
		}
	}
	return out
}

func (m *frontMatter) id() string {
	switch v := m.License.(type) {
	case string:
		return v
	case []any:
		var ids []string
		for _, e := range v {
			ids = append(ids, fmt.Sprint(e))
		}
		return strings.Join(ids, ", ")
	}
	return ""
}

// ggufLicense reads the license of a GGUF file.
func ggufLicense(meta *gguf.Metadata) License {
	text := func(key string) string {
		s, _ := meta.Value(key).(string) // of another type: not stated
		return s
	}
	l := License{ID: text(keyLicense), Name: text(keyLicenseName), Link: text(keyLicenseLink)}
	if l.ID != "" || l.Name != "" {
		l.From = keyLicense
	}
	return l
}

// card returns a README.md that says the license; nil where there is none.
func (l *License) card() []byte {
	if l.ID == "" && l.Name == "" {
		return nil
	}
	fields := yaml.MapSlice{}
	for _, f := range []struct{ key, value string }{{"license", l.ID}, {"license_name", l.Name}, {"license_link", l.Link}} {
		if f.value != "" {
			fields = append(fields, yaml.MapItem{Key: f.key, Value: f.value})
		}
	}
	data, err := yaml.Marshal(fields)
	if err != nil {
		panic(err) // text always marshals
	}
	return []byte("---\n" + string(data) + "---\n")
}
