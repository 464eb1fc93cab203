package modelfile

import (
	"strings"
	"testing"
)

func TestParseCard(t *testing.T) {
	for card, want := range map[string]string{
		"---\nlicense: mit\n---\n# A":                                        "mit",
		"---\r\nlicense: mit\r\n---\r\n":                                     "mit",
		"---\nlicense:\n- mit\n- apache-2.0\n---\n":                          "mit, apache-2.0",
		"---\nlanguage: [en]\ntags: {a: b}\n---\n":                           "",
		"# A model\nlicense: mit\n":                                          "",
		"---\nlicense: mit":                                                  "",
		"---\nlicense: [\n---\n":                                             "",
		"---\ntags:\n- a: b\n\"license\": mit\nlanguage: en\n---\n":          "mit",
		"---\nlicense: " + strings.Repeat("x", 1<<17) + "\n---\n":            "",
		"---\nlicense: " + strings.Repeat("[", 60000) + "\n---\n":            "", // took 4 GB
		"---\ntags: " + strings.Repeat("[", 60000) + "\nlicense: mit\n---\n": "mit",
	} {
		m, _ := parseCard([]byte(card))
		if got := m.id(); got != want {
			t.Errorf("%.40q: %q, want %q", card, got, want)
		}
	}
}

// FuzzParseCard: a card that says a license says the same once it is written.
func FuzzParseCard(f *testing.F) {
	f.Add([]byte("---\nlicense: mit\nlicense_name: x\n---\n"))
	f.Add([]byte("---\nlicense: [a, b]\n---\n"))
	f.Add([]byte("---\nlicense: &a\n- *a\n---\n"))
	f.Fuzz(func(t *testing.T, card []byte) {
		m, ok := parseCard(card)
		if !ok {
			return
		}
		l := License{ID: m.id(), Name: m.Name, Link: m.Link}
		written := l.card()
		if written == nil {
			return
		}
		again, ok := parseCard(written)
		if len(written) < 1000 && (!ok || again.id() != l.ID || again.Name != l.Name || again.Link != l.Link) {
			t.Fatalf("%q becomes %q: %+v", card, written, again)
		}
	})
}
