package extract

import (
	"errors"
	"maps"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/encoding/charmap"
)

const (
	sentence = "The quick brown fox jumps over the lazy dog, and then it sleeps in the warm sun until the evening comes. "
	long     = sentence + sentence + sentence
)

func TestHTML(t *testing.T) {
	menu := `<ul class="menu">` + strings.Repeat(`<li><a href="/x">Some section</a></li>`, 20) + `</ul>`
	for name, c := range map[string]struct{ page, want string }{
		"paragraphs":  {menu + "<p>" + long + "<p>" + sentence + menu, long + "\n\n" + sentence},
		"no tags end": {"<div><p>" + long + "<p>" + long, long + "\n\n" + long},
		"inline":      {"<p>" + long + "<b>bo</b>ld &amp; <i>it</i>alic&nbsp;x.</p>", long + "bold & italic x."},
		"headings": {
			"<p>" + long + "</p><h2>A part</h2><p>" + long + "</p><h2>Nothing follows</h2>",
			long + "\n\nA part\n\n" + long,
		},
		"lists": {
			"<p>" + long + "</p><ul><li>one, two<ul><li>inside it</ul><li><p>three</p><p>more of it</p></ul><p>" + long,
			long + "\n\n- one, two\n  - inside it\n- three\n  more of it\n\n" + long,
		},
		"table": {
			"<p>" + long + "</p><table><tr><th>Name<th>Age<tr><td>Ada<td><b>36</b></table><p>" + long,
			long + "\n\nName | Age\nAda | 36\n\n" + long,
		},
		"code": {
			"<p>" + long + "</p><pre><code>\n  if x {\n\ty()\n  }\n</code></pre><p>" + long,
			long + "\n\n  if x {\n\ty()\n  }\n\n" + long,
		},
		"quote":       {"<p>" + long + "</p><blockquote><p>" + sentence + "</blockquote>", long + "\n\n" + sentence},
		"lines":       {"<p>Roses are red,<br>violets are blue.</p><p>" + long, "Roses are red,\nviolets are blue.\n\n" + long},
		"empty lines": {"<div>" + long + "<br><br>" + long + "</div>", long + "\n\n" + long},
		"hidden": {
			"<p>" + long + `</p><p style="color: red; DISPLAY : none">` + long + `</p><div hidden>` + long + "</div>" +
				"<script>var x = '<p>" + long + "</p>';</script><style>p{}</style><noscript><p>" + long + "</noscript>" +
				`<div aria-hidden=true>` + long + "</div><!-- " + long + "-->", long,
		},
		"asides": {
			"<article><p>" + long + `</p><aside>` + sentence + `</aside><div class="related-posts"><p>` + sentence +
				`</p></div><figure><figcaption>` + sentence + `</figcaption></figure><p>` + long + `</p></article>` +
				`<div id="comments"><p>` + sentence + `</p></div><footer><p>` + sentence + "</footer>",
			long + "\n\n" + long,
		},
		"a thread": {
			strings.Repeat(`<div class="comment"><p>`+long+"</p></div>", 4),
			strings.Repeat(long+"\n\n", 4),
		},
		"only an aside": {`<div class="sidebar"><p>` + long + "</div>", long},
		"a table alone": {
			"<table>" + strings.Repeat("<tr><td>a cell<td>another<td>12.5", 3) + "</table>",
			strings.Repeat("a cell | another | 12.5\n", 3),
		},
		"short": {"<p>Hello, this is a short page for you.</p>", "Hello, this is a short page for you."},
		"cards": {
			"<div><p>" + long + "</p><p>" + long + "</p></div><div>" +
				strings.Repeat(`<div><h3><a href="/">Another long title</a></h3><p>`+sentence+"</p></div>", 5) + "</div>",
			long + "\n\n" + long,
		},
		"a note":             {"<p>" + long + `One<sup id="cite_ref-1" class="reference"><a href="#n1">[1]</a></sup> and two.`, long + "One and two."},
		"no scripts":         {"<div id=app></div><noscript><p>" + long + "</noscript>", long},
		"an unclosed button": {"<p>" + long + "</p><button>x<p>" + long, long},
		"misnested":          {"<p>" + long + "<b><p>" + long + "</b></p><i></p>" + long, long + "\n\n" + long + "\n\n" + long},
		"text of an entity":  {"<p>" + long + "&lt;p&gt; &#x4E2D;&#xD800;&eacute;", long + "<p> 中\uFFFDé"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := HTML([]byte(c.page), "utf-8", "")
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(strings.TrimRight(c.want, " \n"), ". \n", ".\n") + "\n"
			if string(got) != want {
				t.Errorf("got\n%q\nwant\n%q", got, want)
			}
		})
	}
}

// TestShared reads one page in several goroutines.
func TestShared(t *testing.T) {
	page := []byte("<title>T</title><p>" + long + "</p><ul><li>one, two<li>three</ul><p>" + long)
	want, _, err := HTML(page, "", "")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				if got, _, err := HTML(page, "", ""); err != nil || string(got) != string(want) {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	wait.Wait()
}

func TestEmpty(t *testing.T) {
	for _, page := range []string{"", "<html><body></body></html>", "<title>x</title>", `<a href="/">one</a> <a href="/">two</a>`, "<p>Hi"} {
		if text, _, err := HTML([]byte(page), "", ""); !errors.Is(err, ErrEmpty) {
			t.Errorf("%q: %q, %v", page, text, err)
		}
	}
}

func TestMeta(t *testing.T) {
	const head = `<html lang="de-AT"><head><title>A page | Site</title><meta property="og:title" content="A  page">
		<meta name=author content="Ada L."><meta property="article:published_time" content="2019-11-19T10:48:00Z">
		<link rel="canonical" href="/a?b=1&amp;c=2"><meta name="description" content="About it"><meta property="og:site_name" content="Site">
		</head><body><p>` + long + `<p><a rel="license nofollow" href="https://creativecommons.org/licenses/by/4.0/">CC</a>`
	_, got, err := HTML([]byte(head), "", "https://example.org/x/y")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"title": "A page", "author": "Ada L.", "date": "2019-11-19T10:48:00Z", "url": "https://example.org/a?b=1&c=2",
		"language": "de", "license": "https://creativecommons.org/licenses/by/4.0/", "description": "About it", "sitename": "Site",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestLinkedData(t *testing.T) {
	script := func(body string) string {
		return `<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"Person","name":"No"},
		{"@type":["NewsArticle"],"headline":"A page","author":[{"@type":"Person","name":"Ada L."},{"name":"Grace H."}],
		"datePublished":"2019-11-19","inLanguage":"en-US","articleBody":"` + body + `"}]}</script>`
	}
	_, meta, err := HTML([]byte(script("")+"<p>"+long), "", "")
	want := map[string]string{"title": "A page", "author": "Ada L., Grace H.", "date": "2019-11-19", "language": "en"}
	if err != nil || !maps.Equal(meta, want) {
		t.Errorf("%q, %v", meta, err)
	}
	for _, c := range []struct{ page, want string }{
		{script(long+long) + "<p>Loading, please wait for the page.", long + long},
		{script("<p>"+long+"</p><p>"+long+"</p>") + "<div id=app></div>", long + "\n\n" + long},
		{script(sentence) + "<p>" + long, long},
		{`<script type="application/ld+json">{"@type":"Article","articleBody":` + "</script><p>" + long, long},
		{`<script type="application/ld+json">` + strings.Repeat(`[`, 5000) + "</script><p>" + long, long},
	} {
		got, _, err := HTML([]byte(c.page), "", "")
		if want := strings.ReplaceAll(strings.TrimSpace(c.want), ". \n", ".\n"); err != nil || strings.TrimSpace(string(got)) != want {
			t.Errorf("%.80q: %q, %v", c.page, got, err)
		}
	}
}

func TestCharset(t *testing.T) {
	const text = "Le café est prêt, et la fenêtre est ouverte; l'été commence ici, près de la forêt. "
	latin, _ := charmap.Windows1252.NewEncoder().String(text)
	greek, _ := charmap.ISO8859_7.NewEncoder().String("Ο καιρός είναι καλός σήμερα, και η θάλασσα είναι ήρεμη. ")
	for _, c := range []struct{ page, declared, want string }{
		{"<meta charset=windows-1252><p>" + latin, "", text},
		{`<META http-equiv="Content-Type" content="text/html; charset=ISO-8859-7"><p>` + greek, "", "Ο καιρός είναι καλός σήμερα, και η θάλασσα είναι ήρεμη."},
		{"<meta charset=utf-8><p>" + latin, "windows-1252", text},
		{"<meta charset=iso-8859-1><p>" + text, "", text},
		{"<p>" + text, "", text},
	} {
		got, _, err := HTML([]byte(c.page), c.declared, "")
		if err != nil || strings.TrimSpace(string(got)) != strings.TrimSpace(c.want) {
			t.Errorf("%.60q: %q, %v", c.page, got, err)
		}
	}
}

func TestMarkdown(t *testing.T) {
	for _, c := range []struct {
		name, file, want string
		meta             map[string]string
	}{
		{"plain", "# A\n\ntext", "# A\n\ntext\n", nil},
		{"yaml", "---\nTitle: \"Hello\"\ntags: [a]\nlicense: MIT\n---\n# A\n", "# A\n", map[string]string{"title": "Hello", "license": "MIT"}},
		{"toml", "+++\ntitle = 'Hello'\n+++\n# A\n", "# A\n", map[string]string{"title": "Hello"}},
		{"a rule", "---\n\ntext\n", "---\n\ntext\n", nil},
		{"rules", "---\n\n# Minutes\n\nWe met. Next: we eat.\n\n---\n\nEnd.\n", "---\n\n# Minutes\n\nWe met. Next: we eat.\n\n---\n\nEnd.\n", nil},
		{"a heading between rules", "---\n# Minutes\n- who: all\n---\nEnd.\n", "---\n# Minutes\n- who: all\n---\nEnd.\n", nil},
		{"long values", "---\n# made\nTitle: Hello\ntags:\n- a b c d\nurl: |\n  So it goes\nlist: [\na: b,\n]\n...\nEnd.\n", "End.\n", map[string]string{"title": "Hello"}},
		{"nothing in front", "---\n\n---\nEnd.\n", "End.\n", nil},
		{"comments", "a <!-- b --> c <!-- d\ne --> f <!-- g -->\n```\n<!-- h -->\n```\n<!-- i", "a  c  f \n```\n<!-- h -->\n```\n<!-- i\n", nil},
	} {
		text, meta, err := Markdown([]byte(c.file), "")
		if err != nil || string(text) != c.want || !maps.Equal(meta, c.meta) {
			t.Errorf("%s: %q, %q, %v", c.name, text, meta, err)
		}
	}
}

func TestLimits(t *testing.T) {
	var limit *LimitError
	if _, _, err := HTML(make([]byte, maxBytes+1), "", ""); !errors.As(err, &limit) {
		t.Errorf("a large page: %v", err)
	}
	if _, _, err := HTML([]byte(strings.Repeat("<p>x", maxNodes)), "utf-8", ""); !errors.As(err, &limit) {
		t.Errorf("many elements: %v", err)
	}
}

// TestTree compares the words of the tree with those that the parser of
// golang.org/x/net finds, which follows the standard to the letter.
func TestTree(t *testing.T) {
	for _, p := range loadPages(t) {
		tree, err := parse(p.html)
		if err != nil {
			t.Fatal(p.url, err)
		}
		var got strings.Builder
		for i := range tree.nodes {
			if n := &tree.nodes[i]; n.tag == 0 {
				got.Write(tree.text[n.from:n.to])
			} else if n.kind&block != 0 {
				got.WriteByte('\n')
			}
		}
		root, err := html.Parse(strings.NewReader(string(p.html)))
		if err != nil {
			t.Fatal(p.url, err)
		}
		var want strings.Builder
		texts(root, &want)
		if precision, recall, _ := match(shingles(want.String(), 1), shingles(got.String(), 1)); precision < 0.999 || recall < 0.999 {
			t.Errorf("%s: precision %.4f recall %.4f", p.url, precision, recall)
		}
	}
}

// texts writes the text below n.
func texts(n *html.Node, out *strings.Builder) {
	if n.Type == html.TextNode {
		out.WriteString(n.Data)
	}
	if _, k := lookup([]byte(n.Data)); n.Type == html.ElementNode {
		if k&raw != 0 && n.DataAtom != 0 && n.DataAtom != atom.Noscript || n.DataAtom == atom.Noscript {
			return
		}
		if k&block != 0 {
			out.WriteByte('\n')
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		texts(c, out)
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range []string{
		"<p>" + long + "</p><ul><li>a<li>b</ul><table><tr><td>x<td>y</table><pre> z\n</pre>",
		"<a><b><p></a></b><table><a><td></div></table></p>", "<!--", "<script><!--<script>", "<p hidden style='display:none'",
		"<svg><title>x</svg><select><option>", "&#x110000;&#0;\x00\xff", "<article><article class=comment>" + long,
		`<script type="application/ld+json">{"@type":"Article","author":["a",{"name":"b"}],"articleBody":"<p>x</p>"}</script>`,
	} {
		f.Add([]byte(s), "utf-8")
	}
	f.Fuzz(func(t *testing.T, page []byte, charset string) {
		text, meta, err := HTML(page, charset, "https://example.org/")
		var limit *LimitError
		if err != nil && err != ErrEmpty && err != ErrBinary && !errors.As(err, &limit) {
			t.Fatal(err)
		}
		if !utf8.Valid(text) {
			t.Errorf("text is no UTF-8: %q", text)
		}
		for k, v := range meta {
			if !utf8.ValidString(v) || v == "" {
				t.Errorf("%s is %q", k, v)
			}
		}
		if again, _, _ := HTML(page, charset, "https://example.org/"); string(again) != string(text) {
			t.Errorf("%q, then %q", text, again)
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	f.Add([]byte("---\ntitle: x\n---\na <!-- b --> c\n```\n<!--\n```\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		text, _, err := Markdown(file, "utf-8")
		if err == nil && len(text) > len(file)*4+1 || !utf8.Valid(text) && utf8.Valid(file) {
			t.Errorf("%q", text)
		}
	})
}
