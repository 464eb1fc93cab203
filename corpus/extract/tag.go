package extract

import "golang.org/x/net/html/atom"

// kind says how an element behaves in the tree and in the text.
type kind uint16

const (
	block   kind = 1 << iota // starts and ends a block of text
	void                     // has no content and no end tag
	raw                      // its content is not markup, and never text of the page
	unseen                   // its content is not text of the page
	closesP                  // its start ends an open paragraph
	barrier                  // what is open outside cannot be closed from inside
	heading
	list
	cell
	landmark
	phrase // marks words inside a sentence
)

var kinds = map[atom.Atom]kind{
	atom.P: block | closesP, atom.Div: block | closesP, atom.Section: block | closesP,
	atom.Article: block | closesP, atom.Main: block | closesP, atom.Address: block | closesP,
	atom.Blockquote: block | closesP, atom.Center: block | closesP, atom.Details: block | closesP,
	atom.Summary: block | closesP, atom.Pre: block | closesP, atom.Listing: block | closesP,
	atom.Fieldset: block | closesP, atom.Form: block | closesP, atom.Hgroup: block | closesP,
	atom.Html: block | barrier, atom.Body: block, atom.Head: block,
	atom.Hr:  block | closesP | void,
	atom.H1:  block | closesP | heading,
	atom.H2:  block | closesP | heading,
	atom.H3:  block | closesP | heading,
	atom.H4:  block | closesP | heading,
	atom.H5:  block | closesP | heading,
	atom.H6:  block | closesP | heading,
	atom.Ul:  block | closesP | list,
	atom.Ol:  block | closesP | list,
	atom.Dl:  block | closesP | list,
	atom.Dir: block | closesP | list,
	atom.Li:  block | closesP,
	atom.Dt:  block | closesP,
	atom.Dd:  block | closesP,

	atom.Table: block | closesP | barrier, atom.Caption: block | barrier,
	atom.Thead: block, atom.Tbody: block, atom.Tfoot: block, atom.Tr: block,
	atom.Td: block | barrier | cell, atom.Th: block | barrier | cell,

	atom.Figure: block | closesP, atom.Figcaption: block | closesP,
	atom.Nav: block | closesP | landmark, atom.Aside: block | closesP | landmark,
	atom.Header: block | closesP | landmark, atom.Footer: block | closesP | landmark,
	atom.Menu: block | closesP | landmark, atom.Dialog: block | closesP | landmark,

	atom.A: phrase, atom.Strong: phrase, atom.Em: phrase, atom.B: phrase, atom.I: phrase,
	atom.U: phrase, atom.Mark: phrase, atom.Code: phrase, atom.Q: phrase, atom.Abbr: phrase,

	atom.Br: void, atom.Wbr: void, atom.Img: void, atom.Input: void,
	atom.Meta: void, atom.Link: void, atom.Base: void, atom.Col: void, atom.Area: void,
	atom.Embed: void, atom.Source: void, atom.Track: void, atom.Param: void,
	atom.Frame: void, atom.Keygen: void,

	atom.Script: raw, atom.Style: raw, atom.Noscript: raw, atom.Iframe: raw, atom.Noembed: raw,
	atom.Noframes: raw, atom.Title: raw, atom.Textarea: raw, atom.Xmp: raw,

	atom.Template: unseen | barrier, atom.Svg: unseen | barrier, atom.Canvas: unseen,
	atom.Audio: unseen, atom.Video: unseen, atom.Object: unseen | barrier, atom.Applet: unseen | barrier,
	atom.Map: unseen, atom.Rp: unseen, atom.Datalist: unseen, atom.Select: unseen,
	atom.Option: unseen, atom.Progress: unseen, atom.Meter: unseen,
	atom.Button: unseen | barrier,
}

// lookup returns a number for the element of that name, in lower case, and its
// kind. Names that HTML does not know get numbers of their own, mostly.
func lookup(name []byte) (atom.Atom, kind) {
	if a := atom.Lookup(name); a != 0 {
		return a, kinds[a]
	}
	h := uint32(2166136261)
	for _, c := range name {
		h = (h ^ uint32(c)) * 16777619
	}
	return atom.Atom(h | 1<<31), 0
}
