package extract

import (
	"bytes"
	"encoding/json"
	"strings"
)

const (
	maxLinkedBytes = 1 << 20 // of a script of linked data that is read
	maxLinkedDepth = 6       // of an object in it
)

// linkedData takes what a script of schema.org's linked data says about an
// article.
func (m *metadata) linkedData(script []byte) {
	if len(script) > maxLinkedBytes || !bytes.Contains(script, []byte(`"@type"`)) {
		return
	}
	var value any
	if json.Unmarshal(script, &value) == nil {
		m.linkedValue(value, 0)
	}
}

func (m *metadata) linkedValue(value any, depth int) {
	if depth > maxLinkedDepth {
		return
	}
	switch v := value.(type) {
	case []any:
		for _, e := range v {
			m.linkedValue(e, depth+1)
		}
	case map[string]any:
		if isArticleType(v["@type"]) {
			m.linkedArticle(v)
		}
		for _, key := range []string{"@graph", "mainEntity", "mainEntityOfPage"} {
			m.linkedValue(v[key], depth+1)
		}
	}
}

// isArticleType tells whether a type is that of a text.
func isArticleType(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.HasSuffix(v, "Article") || strings.HasSuffix(v, "Posting") || v == "Report" || v == "Recipe" ||
			v == "Book" || v == "WebPage"
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok && isArticleType(s) {
				return true
			}
		}
	}
	return false
}

func (m *metadata) linkedArticle(v map[string]any) {
	if author := strings.Join(authorNames(v["author"], nil), ", "); author != "" {
		m.set("author", []byte(author), 2)
	}
	m.setText("date", v["datePublished"], 1)
	m.setText("license", v["license"], 1)
	m.setText("title", v["headline"], 4)
	m.setText("language", v["inLanguage"], 6)
	if body, ok := v["articleBody"].(string); ok && len(body) > len(m.body) {
		m.body = body
	}
}

func (m *metadata) setText(key string, value any, rank int) {
	s, ok := value.(string)
	if !ok {
		return
	}
	if key == "language" {
		s, _, _ = strings.Cut(strings.ToLower(s), "-")
	}
	m.set(key, []byte(s), rank)
}

const maxNames = 8 // of authors

// authorNames appends the names in a text, an object with a name, or a list of them.
func authorNames(value any, to []string) []string {
	if len(to) >= maxNames {
		return to
	}
	switch v := value.(type) {
	case string:
		if v != "" && !strings.HasPrefix(v, "http") {
			to = append(to, v)
		}
	case map[string]any:
		if name, ok := v["name"].(string); ok {
			to = authorNames(name, to)
		}
	case []any:
		for _, e := range v {
			if _, list := e.([]any); !list {
				to = authorNames(e, to)
			}
		}
	}
	return to
}

// linkedBody returns the text of an article as linked data has it: text, or a
// page of its own.
func (t *tree) linkedBody() []byte {
	body := strings.ToValidUTF8(t.meta.body, "\uFFFD")
	if strings.Contains(body, "</p>") {
		if inner, err := parse([]byte(body)); err == nil {
			s := scanner{tree: inner}
			if runs := s.everything(); letters(runs) > 0 {
				return s.render(runs)
			}
		}
	}
	return append([]byte(strings.TrimSpace(body)), '\n')
}
