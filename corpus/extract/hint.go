package extract

import "golang.org/x/net/html/atom"

// hint is what the attributes of an element say about its content.
type hint uint8

const (
	isBody    hint = 1 << iota // by its name the text of an article
	isArticle                  // by its name an article or the main part of a page
	isAside                    // by its name not part of the article
	isComment                  // by its name what readers wrote
	isHidden                   // not shown
	isMeta                     // by its name about the article: author, date, caption
)

// names are words and pairs of words in classes and ids.
var names = func() map[string]hint {
	m := make(map[string]hint)
	for h, list := range map[hint]string{
		isBody:    bodyNames,
		isArticle: articleNames,
		isAside:   asideNames,
		isComment: commentNames,
		isMeta:    metaNames,
	} {
		word := 0
		for i := 0; i <= len(list); i++ {
			if i < len(list) && list[i] > ' ' {
				continue
			}
			if i > word {
				m[list[word:i]] |= h
			}
			word = i + 1
		}
	}
	return m
}()

const bodyNames = `articlebody articlecontent articletext articlecopy entrycontent entrybody entrytext
postcontent postbody posttext postentry storybody storycontent storytext storycopy bodytext bodycopy
bodycontent contentbody maintext textcontent blogcontent blogbody blogpost newscontent newsbody newstext
mwparseroutput mwcontent richtext wysiwyg markdownbody`

const articleNames = `article post story entry main maincontent content text blog news body hentry page
prose document`

const asideNames = `share sharing shares sharedaddy addtoany addthis social socials socialmedia socialshare
sharebar sharetools newsletter newsletters subscribe subscription subscriptions signup optin mailchimp
related relatedposts relatedarticles relatedstories relatedcontent relatedlinks relatedlink recommended recommendations
recommendation recirc recirculation outbrain taboola revcontent zergnet trending mostread mostpopular
popular morestories morefrom morenews readmore readnext seealso yarpp teaser teasers promo promos promotion promoted
promobox sponsor sponsored sponsors sponsoredcontent ad ads adv advert adverts advertisement advertising
adsense adslot adunit adcontainer adbox dfp gpt banner banners cookie cookies cookiebar cookieconsent consent gdpr
ccpa onetrust popup popups popover modal modals overlay lightbox tooltip dropdown breadcrumb breadcrumbs crumbs nav navbar
navigation navi subnav menu menus submenu megamenu topbar toolbar sidebar sidebars aside rail rightrail leftrail rightcol rightcolumn
footer colophon copyright pagination pager paging pagenav prevnext nextprev postnav postnavigation
tagcloud login signin register
breakingnews latestnews topnews topstories latestposts recentposts recentcomments popularposts lateststories
donate donation disclaimer skiplink skiplinks print printonly noprint toc tableofcontents jumplinks
widgetarea widgettitle gallery slideshow carousel slider
livefyre masthead hatnote navbox mweditsection editsection reflist infobox catlinks printfooter
siteheader sitefooter pageheader pagefooter globalheader globalfooter searchform searchbox search
citeref gutter lineno linenos linenodiv
appstore download callout cta alertbar upsell followus followme follow`

const commentNames = `comment comments commentlist commentarea commentsection commentform disqus
disqusthread respond replies discussion livecomments fbcomments facebookcomments pingback trackback`

const metaNames = `byline bylines author authors authorbio authorbox authorinfo aboutauthor authorname bio
postmeta entrymeta articlemeta storymeta metadata metainfo meta dateline timestamp publishdate pubdate postdate
entrydate articledate date time published posted caption captions wpcaptiontext imagecaption figcaption credit credits photocredit
imagecredit tags tag taglist posttags entrytags categories category keywords topics readtime readingtime
rating ratings postfooter entryfooter articlefooter articleheader entryheader postheader subtitle
views source headline entrytitle posttitle articletitle pagetitle articletools storytools`

// attributes reads the attributes of the element that the tokenizer has just
// started: what they say about the content, and what they add to the metadata.
func (b *builder) attributes(tag atom.Atom, more bool) hint {
	var h hint
	var m pending
	for more {
		var key, value []byte
		key, value, more = b.z.TagAttr()
		switch string(key) {
		case "class", "id":
			if len(value) <= 512 {
				h |= nameHint(value)
			}
		case "itemprop":
			h |= propHint(value)
		case "role":
			h |= roleHint(value)
		case "hidden":
			h |= isHidden
		case "aria-hidden":
			if string(value) == "true" {
				h |= isHidden
			}
		case "style":
			if hides(value) {
				h |= isHidden
			}
		}
		m.attribute(tag, key, value)
	}
	b.meta.element(tag, &m)
	return h
}

func propHint(v []byte) hint {
	switch string(v) {
	case "articleBody", "text", "reviewBody", "recipeInstructions":
		return isBody
	case "comment":
		return isComment
	case "author", "datePublished", "dateModified", "headline", "caption", "keywords":
		return isMeta
	}
	return 0
}

func roleHint(v []byte) hint {
	switch string(v) {
	case "main", "article":
		return isArticle
	case "navigation", "banner", "contentinfo", "search", "dialog", "alertdialog", "complementary",
		"menu", "menubar", "toolbar", "tooltip", "alert", "tablist":
		return isAside
	}
	return 0
}

// hides tells whether a style keeps the element from being shown.
func hides(style []byte) bool {
	for i := 0; i+4 <= len(style); i++ {
		if c := style[i]; c != ':' {
			continue
		}
		v := style[i+1:]
		for len(v) > 0 && v[0] == ' ' {
			v = v[1:]
		}
		if hasFold(v, "none") && endsFold(style[:i], "display") ||
			hasFold(v, "hidden") && endsFold(style[:i], "visibility") {
			return true
		}
	}
	return false
}

func hasFold(s []byte, word string) bool {
	if len(s) < len(word) {
		return false
	}
	for i := range len(word) {
		if s[i]|0x20 != word[i] {
			return false
		}
	}
	return true
}

func endsFold(s []byte, word string) bool {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return len(s) >= len(word) && hasFold(s[len(s)-len(word):], word)
}

// nameHint looks up the words of a class or id, which end at every character
// that is no letter and where a capital follows a small letter, and each pair.
// Short words count only if they stand alone: names made by machines are full
// of them.
func nameHint(value []byte) hint {
	var h hint
	var word [64]byte // the word before and this one, in lower case
	before, n := 0, 0 // where this word begins, and its end
	camel := false    // this word begins at a capital
	flush := func(atCapital bool) {
		if n == before {
			return
		}
		if n-before > 3 || !camel && !atCapital {
			h |= names[string(word[before:n])]
		}
		if before > 0 {
			h |= names[string(word[:n])]
		}
		copy(word[:], word[before:n])
		n -= before
		before = n
		camel = atCapital
	}
	var last byte
	for _, c := range value {
		lower := c | 0x20
		letter := 'a' <= lower && lower <= 'z'
		if capital := letter && c < 'a' && 'a' <= last && last <= 'z'; !letter || capital {
			flush(capital)
		}
		if c == ' ' {
			before, n, camel = 0, 0, false
		}
		if letter {
			if n == len(word) {
				before, n = 0, 0
			}
			word[n] = lower
			n++
		}
		last = c
	}
	flush(false)
	return h
}
