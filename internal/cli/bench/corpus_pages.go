package bench

import (
	"bytes"
	"fmt"
	"html"
)

// makePages makes a web page of each text: with a menu, links beside the article
// and a footer, so that most of its bytes are not the article's, as on the web.
func makePages(texts [][]byte) []page {
	pages := make([]page, len(texts))
	for i, t := range texts {
		pages[i] = page{content: makePage(t, i), url: fmt.Sprintf("https://example.org/articles/%d", i)}
	}
	return pages
}

func makePage(text []byte, number int) []byte {
	const most = 32 << 10 // of the article
	var p bytes.Buffer
	fmt.Fprintf(&p, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Article %d</title>\n<style>", number)
	for i := range 40 {
		fmt.Fprintf(&p, ".c%d > a.item%d:hover { margin: %dpx 0 0 %dpx; color: #%06x }\n", i, i, i, 2*i, 7919*i)
	}
	p.WriteString("</style>\n<script>window.dataLayer = window.dataLayer || [];\n")
	for i := range 60 {
		fmt.Fprintf(&p, "dataLayer.push({event: 'view%d', slot: %d, lazy: %v});\n", i, number+i, i%2 == 0)
	}
	p.WriteString("</script></head>\n<body><nav class=\"menu\"><ul>\n")
	for i := range 40 {
		fmt.Fprintf(&p, "<li class=\"item%d\"><a href=\"/section/%d\" title=\"Section %d\"><span>Section %d</span></a></li>\n", i, i, i, i)
	}
	p.WriteString("</ul></nav>\n<main><article>\n")
	for _, part := range bytes.Split(text[:min(len(text), most)], []byte("\n\n")) {
		fmt.Fprintf(&p, "<p class=\"body\">%s</p>\n", html.EscapeString(string(part)))
	}
	p.WriteString("</article></main>\n<aside class=\"sidebar\"><ul>\n")
	for i := range 60 {
		fmt.Fprintf(&p, "<li><div class=\"teaser\"><a href=\"/articles/%d\"><img src=\"/t/%d.jpg\" alt=\"\">More to read, number %d</a></div></li>\n", number+i, number+i, i)
	}
	p.WriteString("</ul></aside>\n<footer class=\"footer\"><p>All rights reserved. <a href=\"/terms\">Terms</a> <a href=\"/privacy\">Privacy</a></p></footer>\n</body></html>\n")
	return p.Bytes()
}
