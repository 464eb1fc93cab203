package clean

import "bytes"

// rule finds one kind of line.
type rule struct {
	reason string
	words  int // of a line at most
	// opens is set for what begins with a capital or with a letter that has none.
	opens bool
	// A line has one of each list that is not empty: it begins with one of starts,
	// has one of parts and one of others in it. All are in lower case.
	starts, parts, others [][]byte
}

func (r *rule) found(line []byte) bool {
	return (len(r.starts) == 0 || startsWith(line, r.starts)) && (len(r.parts) == 0 || has(line, r.parts)) &&
		(len(r.others) == 0 || has(line, r.others))
}

// startsWith tells whether the line begins with one of the phrases, as words.
func startsWith(line []byte, phrases [][]byte) bool {
	for _, p := range phrases {
		if line[0] == p[0] && bytes.HasPrefix(line, p) {
			if rest := line[len(p):]; len(rest) == 0 || !isLetter(p[len(p)-1]) || !isLetter(rest[0]) || isSign(rest) {
				return true
			}
		}
	}
	return false
}

// isSign tells whether text begins with one of the signs of Latin-1 or of
// general punctuation.
func isSign(text []byte) bool {
	return text[0] == 0xC2 || len(text) > 1 && text[0] == 0xE2 && (text[1] == 0x80 || text[1] == 0x96)
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func has(line []byte, phrases [][]byte) bool {
	for _, p := range phrases {
		if bytes.Contains(line, p) {
			return true
		}
	}
	return false
}

func list(phrases ...string) [][]byte {
	var out [][]byte
	for _, p := range phrases {
		out = append(out, []byte(p))
	}
	return out
}

// rules are tried in turn. Long lines are prose more often than not, so each
// rule knows how long the lines are that it means.
var rules = []rule{
	{
		reason: "cookies", words: 60,
		parts: list("cookie"),
		others: list("we use cookies", "uses cookies", "use of cookies", "accept cookies", "accept all", "cookie policy",
			"cookie settings", "cookie preferences", "cookie consent", "cookie notice", "utiliza cookies", "utilise des cookies",
			"verwendet cookies", "utilizza cookie", "gebruikt cookies", "используем cookie", "manage cookies", "our cookies"),
	},
	{
		reason: "javascript", words: 40,
		parts: list("javascript"),
		others: list("enable javascript", "javascript is disabled", "javascript is not enabled", "javascript is required",
			"javascript must be enabled", "javascript to be enabled", "requires javascript", "turn on javascript",
			"activate javascript", "javascript enabled", "without javascript", "javascript disabled", "need javascript"),
	},
	{reason: "copyright", words: 30, parts: list("all rights reserved", "alle rechte vorbehalten", "tous droits réservés",
		"todos los derechos reservados", "todos os direitos reservados", "tutti i diritti riservati", "все права защищены")},
	{reason: "copyright", words: 12, starts: list("©", "copyright ©", "copyright (c)", "copyright 19", "copyright 20", "(c) 19", "(c) 20")},
	{reason: "subscribe", words: 30, parts: list("newsletter"), others: list("sign up", "subscribe", "inbox", "join our", "your email")},
	{reason: "subscribe", words: 14, opens: true, starts: list("subscribe to", "subscribe now", "subscribe for", "sign up for", "sign up to",
		"sign up now", "enter your email", "your email address", "join our mailing", "get the latest", "log in to", "sign in to",
		"already a subscriber", "already a member", "create an account", "create a free account")},
	{reason: "share", words: 10, opens: true, starts: list("share this", "share on", "share via", "share with", "click to share", "tweet this", "pin it",
		"follow us", "like us on", "find us on", "follow @", "email this", "print this", "send to a friend", "post to facebook",
		"share to", "save to pinterest", "teilen auf", "partager sur", "compartir en", "compartilhe", "condividi su", "поделиться")},
	{reason: "more", words: 14, opens: true, starts: list("read more:", "read also", "see also:", "also read", "related:", "related articles",
		"related posts", "related stories", "related news", "related topics", "you may also like", "you might also like",
		"more from", "more on this", "recommended for you", "click here to", "click here for", "continue reading", "don't miss:",
		"most read", "most popular", "trending now", "leave a comment", "leave a reply", "post a comment", "be the first to comment",
		"story continues below", "article continues below", "lire aussi", "a lire aussi", "lire la suite", "lesen sie auch",
		"leia também", "leia mais", "lee también", "leer más", "leggi anche", "lees ook", "lees meer", "читайте также", "読む", "続きを読む", "阅读更多")},
	{reason: "menu", words: 4, opens: true, starts: list("skip to content", "skip to main content", "skip to navigation", "back to top", "scroll to top",
		"toggle navigation", "main menu", "jump to navigation", "jump to content", "advertisement", "sponsored content",
		"terms of use", "terms of service", "terms and conditions", "privacy policy", "cookie policy", "page not found",
		"close menu", "open menu", "show menu", "view comments", "load more", "show more", "view all", "read more", "learn more",
		"publicidad", "publicité", "anzeige", "publicidade", "pubblicità", "реклама", "weiterlesen", "mehr lesen")},
	{reason: "menu", words: 1, opens: true, starts: list("share", "tweet", "comments", "subscribe", "login", "menu", "print", "loading...", "teilen",
		"partager", "compartir", "compartilhar", "condividi", "delen", "previous", "next")},
}
