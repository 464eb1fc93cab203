package extract

import "bytes"

// offers begin lines that are not part of the article wherever they stand, and
// closings are found in lines that come after it. In lower case.
var (
	offers = [][]byte{
		[]byte("advertisement"), []byte("read more"), []byte("related:"), []byte("related news"),
		[]byte("related article"), []byte("related stor"), []byte("related link"), []byte("related post"),
		[]byte("related content"), []byte("related video"), []byte("related coverage"), []byte("related topic"),
		[]byte("share this"), []byte("share on "), []byte("don't miss"), []byte("don’t miss"),
		[]byte("story continues below"), []byte("article continues below"), []byte("sign up for"),
		[]byte("sign up to"), []byte("get breaking news"), []byte("get the latest"), []byte("subscribe to our"), []byte("subscribe now"), []byte("you may also like"),
		[]byte("you might also like"), []byte("more from "), []byte("see also:"), []byte("also read"),
		[]byte("also see"), []byte("see more:"), []byte("recommended for you"), []byte("most read"), []byte("most popular"),
		[]byte("image 1 of"), []byte("image 2 of"), []byte("image 3 of"), []byte("image 4 of"), []byte("image 5 of"),
		[]byte("trending now"), []byte("leave a comment"), []byte("leave a reply"),
		[]byte("loading..."), []byte("click to share"), []byte("print this"), []byte("filed under"), []byte("tagged with"),
	}
	closings = [][]byte{
		[]byte("contributed to this"), []byte("contributed reporting"), []byte("all rights reserved"),
		[]byte("follow us"), []byte("follow him"), []byte("follow her"), []byte("follow me"),
		[]byte("copyright "), []byte("©"),
		[]byte("may not be published, broadcast"), []byte("무단전재"),
		[]byte("reporting by "), []byte("(editing by "),
	}
)

const (
	maxOffer   = 100 // letters of a line that an offer begins
	maxClosing = 250 // letters of a line that has a closing
)

// offering tells whether a run only leads elsewhere.
func (s *scanner) offering(r *run) bool {
	if r.letters > maxOffer {
		return false
	}
	s.scratch = appendLower(s.scratch[:0], s.appendRun(nil, r))
	for _, o := range offers {
		if bytes.HasPrefix(s.scratch, o) {
			return true
		}
	}
	return false
}

// closing tells whether a run is what comes after an article.
func (s *scanner) closing(r *run) bool {
	if r.letters > maxClosing {
		return false
	}
	s.scratch = appendLower(s.scratch[:0], s.appendRun(nil, r))
	for _, c := range closings {
		if bytes.Contains(s.scratch, c) {
			return true
		}
	}
	return false
}

// appendLower appends s with the letters of ASCII in lower case.
func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}
