package extract

import (
	"bytes"
	"cmp"
	"net/url"
	"strings"

	"golang.org/x/net/html/atom"
)

const maxMeta = 1 << 10 // bytes of a value

// metadata is what a page says about itself. The first value of a key stays,
// and that of the better place.
type metadata struct {
	values   map[string]metaValue
	fragment bool   // the last element is a link into the page
	linked   bool   // the last element is a script of linked data
	body     string // of the article, as linked data has it
	noscript []byte // the longest page for readers without scripts
}

type metaValue struct {
	text string
	rank int
}

// pending is the attributes of one element that metadata may need. The bytes
// last until the next token.
type pending struct {
	name, content, rel, href, lang, datetime, kind []byte
}

func (p *pending) attribute(tag atom.Atom, key, value []byte) {
	switch string(key) {
	case "name", "property", "itemprop":
		p.name = value
	case "content":
		p.content = value
	case "rel":
		p.rel = value
	case "href":
		p.href = value
	case "lang":
		p.lang = value
	case "datetime":
		p.datetime = value
	case "type":
		p.kind = value
	}
}

// set keeps a value if there is none of that rank or a better, lower, one.
func (m *metadata) set(key string, value []byte, rank int) {
	value = bytes.TrimSpace(value)
	if len(value) == 0 || len(value) > maxMeta {
		return
	}
	if v, ok := m.values[key]; ok && v.rank <= rank {
		return
	}
	if m.values == nil {
		m.values = make(map[string]metaValue)
	}
	m.values[key] = metaValue{strings.Join(strings.Fields(strings.ToValidUTF8(string(value), "\uFFFD")), " "), rank}
}

// rawText takes the text of a raw element: the title, or linked data.
func (m *metadata) rawText(tag atom.Atom, s []byte) {
	switch tag {
	case atom.Title:
		m.set("title", s, 5)
	case atom.Script:
		m.linkedData(s)
	case atom.Noscript:
		if len(s) > len(m.noscript) {
			m.noscript = bytes.Clone(s)
		}
	}
}

// wants tells whether the raw text of the last element, of that tag, says
// something about the page.
func (m *metadata) wants(tag atom.Atom) bool {
	return tag == atom.Title || tag == atom.Noscript || tag == atom.Script && m.linked
}

// element takes what the attributes of an element say.
func (m *metadata) element(tag atom.Atom, p *pending) {
	m.fragment = len(p.href) > 0 && p.href[0] == '#'
	m.linked = tag == atom.Script && bytes.EqualFold(p.kind, []byte("application/ld+json"))
	if tag != atom.Meta && string(p.name) == "datePublished" {
		m.set("date", []byte(cmp.Or(string(p.datetime), string(p.content))), 2)
	}
	switch tag {
	case atom.Html:
		if i := bytes.IndexAny(p.lang, "-_"); i > 0 {
			p.lang = p.lang[:i]
		}
		if len(p.lang) <= 8 {
			m.set("language", bytes.ToLower(p.lang), 0)
		}
	case atom.Meta:
		if p.name != nil && p.content != nil {
			m.named(p.name, p.content)
		}
	case atom.Link, atom.A:
		switch {
		case p.rel == nil:
		case tag == atom.Link && bytes.EqualFold(p.rel, []byte("canonical")):
			m.set("url", p.href, 0)
		case hasWord(p.rel, "license"):
			m.set("license", p.href, 0)
		}
	case atom.Time:
		m.set("date", p.datetime, 9)
	}
}

// places says which key a meta element's name stands for, and its rank.
var places = map[string]struct {
	key  string
	rank int
}{
	"og:title": {"title", 0}, "twitter:title": {"title", 1}, "dc.title": {"title", 2}, "citation_title": {"title", 0},
	"author": {"author", 0}, "article:author": {"author", 3}, "dc.creator": {"author", 1}, "citation_author": {"author", 0},
	"article:published_time": {"date", 0}, "date": {"date", 3}, "dc.date": {"date", 2}, "datepublished": {"date", 1},
	"pubdate": {"date", 3}, "citation_publication_date": {"date", 1}, "og:updated_time": {"date", 8},
	"og:url":       {"url", 1},
	"og:site_name": {"sitename", 0}, "application-name": {"sitename", 1},
	"description": {"description", 0}, "og:description": {"description", 1},
	"dc.rights": {"license", 3}, "dcterms.license": {"license", 1}, "license": {"license", 2},
	"og:locale": {"language", 5}, "content-language": {"language", 4},
}

func (m *metadata) named(name, content []byte) {
	if len(name) > 64 {
		return
	}
	place, ok := places[strings.ToLower(string(name))]
	if !ok {
		return
	}
	if place.key == "language" {
		if i := bytes.IndexAny(content, "-_"); i > 0 {
			content = content[:i]
		}
		content = bytes.ToLower(content)
	}
	if place.key == "author" && bytes.HasPrefix(content, []byte("http")) {
		return
	}
	m.set(place.key, content, place.rank)
}

// all returns the values by key.
func (m *metadata) all() map[string]string {
	out := make(map[string]string, len(m.values))
	for k, v := range m.values {
		out[k] = v.text
	}
	return out
}

// hasWord tells whether the list of words in s has that one.
func hasWord(s []byte, word string) bool {
	for w := range bytes.FieldsSeq(s) {
		if bytes.EqualFold(w, []byte(word)) {
			return true
		}
	}
	return false
}

// resolve makes the addresses that are relative to the page absolute.
func (m *metadata) resolve(page string) {
	base, err := url.Parse(page)
	if err != nil || page == "" {
		return
	}
	for _, key := range []string{"url", "license"} {
		v, ok := m.values[key]
		if !ok || strings.Contains(v.text, " ") { // a license may be named by words
			continue
		}
		if u, err := base.Parse(v.text); err == nil {
			v.text = u.String()
			m.values[key] = v
		}
	}
}
