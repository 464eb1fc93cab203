package grounding

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/internal/random"
)

// reword says a sentence in other words that mean the same, or less: each way that can
// be gone is gone half of the time.
func reword(r *random.Source, s string) string {
	for _, way := range ways {
		if r.Coin() {
			s = way(r, s)
		}
	}
	return s
}

// ways of rewording, in the order in which they are tried. Each returns the sentence as
// it is where it does not fit.
var ways = []func(*random.Source, string) string{
	withoutOpening, withoutParenthesis, withoutClause, phraseLast, contracted, inDigits, synonym, attributed,
}

var opening = regexp.MustCompile(`^(?:However|Moreover|Thus|Therefore|Indeed|Also|Furthermore|Nevertheless|Finally|Besides|Hence|Consequently|Likewise|In fact|In addition|Of course|For example|For instance|As a result|On the other hand), `)

func withoutOpening(_ *random.Source, s string) string {
	if at := opening.FindStringIndex(s); at != nil {
		return upper(s[at[1]:])
	}
	return s
}

var parenthesis = regexp.MustCompile(` \([^()]*\)`)

func withoutParenthesis(_ *random.Source, s string) string {
	return parenthesis.ReplaceAllString(s, "")
}

var clause = regexp.MustCompile(`^([^,]{25,}), (?:which|who|whose|where|although|though|because|while|whereas) [^,]*\.$`)

func withoutClause(_ *random.Source, s string) string {
	return clause.ReplaceAllString(s, "$1.")
}

var leading = regexp.MustCompile(`^((?:In|On|At|By|During|After|Before|Since|Until|From|Under|With|Without|Through|For) [^,]{3,40}), ((?:the|a|an|he|she|it|they|we|you|I|this|these|there|his|her|their|its|all|some|many|most|one|no) [^,]{15,})\.$`)

// phraseLast moves what stands before a sentence behind it.
func phraseLast(_ *random.Source, s string) string {
	m := leading.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	return upper(m[2]) + " " + lower(m[1]) + "."
}

// short and long are the same.
var contractions = [][2]string{
	{"does not", "doesn't"},
	{"do not", "don't"},
	{"did not", "didn't"},
	{"is not", "isn't"},
	{"are not", "aren't"},
	{"was not", "wasn't"},
	{"were not", "weren't"},
	{"has not", "hasn't"},
	{"have not", "haven't"},
	{"had not", "hadn't"},
	{"would not", "wouldn't"},
	{"could not", "couldn't"},
	{"should not", "shouldn't"},
	{"cannot", "can't"},
	{"will not", "won't"},
	{"it is", "it's"},
	{"that is", "that's"},
	{"they are", "they're"},
	{"we are", "we're"},
	{"you are", "you're"},
	{"I am", "I'm"},
}

// contracted writes long forms short and short ones long.
func contracted(_ *random.Source, s string) string {
	s = strings.ReplaceAll(s, "’", "'")
	for _, c := range contractions {
		if contains(s, c[0]) {
			return strings.Replace(s, c[0], c[1], 1)
		}
		if contains(s, c[1]) {
			return strings.Replace(s, c[1], c[0], 1)
		}
	}
	return s
}

// inDigits writes a number word in digits and small digits as a word.
func inDigits(_ *random.Source, s string) string {
	for _, at := range wordPattern.FindAllStringIndex(s, -1) {
		w := s[at[0]:at[1]]
		if n := numberWord(w); n > 0 {
			return replace(s, at, strconv.Itoa(n))
		}
		if word := byNumber(w); word != "" && at[0] > 0 && counts(s[:at[0]], s[at[1]:]) {
			return replace(s, at, word)
		}
	}
	return s
}

// counts reports whether a number between these counts something, and is no part of a
// name or a version.
func counts(before, after string) bool {
	fields := strings.Fields(before)
	if len(fields) == 0 || !strings.HasSuffix(before, " ") {
		return false
	}
	if last := fields[len(fields)-1]; capital(last) && !nameless[last] {
		return false
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimPrefix(after, " "))
	return strings.HasPrefix(after, " ") && unicode.IsLower(r)
}

// synonym puts another word that means as much as one can.
func synonym(r *random.Source, s string) string {
	var found [][]int
	for _, at := range wordPattern.FindAllStringIndex(s, -1) {
		if _, ok := synonyms[s[at[0]:at[1]]]; ok {
			found = append(found, at)
		}
	}
	if len(found) == 0 {
		return s
	}
	at := random.Pick(r, found)
	return replace(s, at, synonyms[s[at[0]:at[1]]])
}

var synonyms = pairsOf(`
	started commenced; starts commences; buy purchase; bought purchased; assist help; assisted helped; assists helps; obtain get; shows displays; showed displayed;
	uses employs; near beside; almost nearly; quickly rapidly; whole entire; maybe perhaps; enough sufficient; built constructed; builds constructs;
	finished completed; keep retain; kept retained; child kid; children kids; among amongst; towards toward; film movie; films movies; house home; houses homes;
	lives resides; lived resided; answered replied; asked inquired; wrong incorrect; sometimes occasionally; frequently often; also additionally;
	allows permits; allow permit; creates produces; create produce; created produced; removes deletes; remove delete; removed deleted; error mistake;
	errors mistakes; therefore thus; stone rock; road street; ill sick; glad pleased`)

// attribution stands before a statement about a text.
var (
	attributions = []string{"According to the text, ", "The text says that ", "It is said that "}
	lowered      = regexp.MustCompile(`^(?:The|A|An|He|She|It|They|We|You|This|These|Those|There|His|Her|Their|Its|All|Some|Many|Most|One|No|In|On|At|If|When|To) `)
)

// attributed says who says it, one time in two.
func attributed(r *random.Source, s string) string {
	if r.Coin() && lowered.MatchString(s) {
		return random.Pick(r, attributions) + lower(s)
	}
	return s
}

func upper(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

func lower(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}
