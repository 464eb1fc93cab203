package filter

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/words"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// QualityOptions are the rules of step gopher_quality, those of table A1 in Rae
// and others, "Scaling Language Models" (arXiv:2112.11446). A rule with limit 0
// is off.
type QualityOptions struct {
	// MinWords and MaxWords bound the number of words that are not symbols.
	MinWords int `yaml:"min_words" json:"min_words"`
	MaxWords int `yaml:"max_words" json:"max_words"`
	// MinMeanLength and MaxMeanLength bound their mean length in characters; the
	// least one is not for languages in which each character is a word.
	MinMeanLength float64 `yaml:"min_mean_length" json:"min_mean_length"`
	MaxMeanLength float64 `yaml:"max_mean_length" json:"max_mean_length"`
	// MaxHashes and MaxEllipses bound how many # and ... there are for each word.
	MaxHashes   float64 `yaml:"max_hashes" json:"max_hashes"`
	MaxEllipses float64 `yaml:"max_ellipses" json:"max_ellipses"`
	// MaxBulletLines bounds the share of lines that begin with a bullet,
	// MaxEllipsisLines of those that end with an ellipsis.
	MaxBulletLines   float64 `yaml:"max_bullet_lines" json:"max_bullet_lines"`
	MaxEllipsisLines float64 `yaml:"max_ellipsis_lines" json:"max_ellipsis_lines"`
	// MinAlphabetic is the least share of words with a letter in them.
	MinAlphabetic float64 `yaml:"min_alphabetic" json:"min_alphabetic"`
	// MinStopWords is how many different words of StopWords there are at least.
	// They count as they are written, in small letters. As long as they are the
	// published ones, which are English, the rule passes over documents in other
	// languages.
	MinStopWords int      `yaml:"min_stop_words" json:"min_stop_words"`
	StopWords    []string `yaml:"stop_words" json:"stop_words"`
}

// SetDefaults sets the published limits.
func (o *QualityOptions) SetDefaults() {
	*o = QualityOptions{
		MinWords: 50, MaxWords: 100_000, MinMeanLength: 3, MaxMeanLength: 10, MaxHashes: 0.1, MaxEllipses: 0.1,
		MaxBulletLines: 0.9, MaxEllipsisLines: 0.3, MinAlphabetic: 0.8, MinStopWords: 2,
		StopWords: slices.Clone(englishStopWords),
	}
}

var englishStopWords = []string{"the", "be", "to", "of", "and", "that", "have", "with"}

// Check returns a *recipe.ValueError for the first impossible value.
func (o *QualityOptions) Check() error {
	if err := checkCounts(
		number{"min_words", float64(o.MinWords)}, number{"max_words", float64(o.MaxWords)},
		number{"min_mean_length", o.MinMeanLength}, number{"max_mean_length", o.MaxMeanLength},
		number{"max_hashes", o.MaxHashes}, number{"max_ellipses", o.MaxEllipses},
		number{"min_stop_words", float64(o.MinStopWords)}); err != nil {
		return err
	}
	if err := checkRatios(number{"max_bullet_lines", o.MaxBulletLines},
		number{"max_ellipsis_lines", o.MaxEllipsisLines}, number{"min_alphabetic", o.MinAlphabetic}); err != nil {
		return err
	}
	if err := checkRange(number{"min_words", float64(o.MinWords)}, number{"max_words", float64(o.MaxWords)}); err != nil {
		return err
	}
	if err := checkRange(number{"min_mean_length", o.MinMeanLength}, number{"max_mean_length", o.MaxMeanLength}); err != nil {
		return err
	}
	if o.MinStopWords > len(o.StopWords) {
		return recipe.Bad("min_stop_words", "is %d, but stop_words names %d", o.MinStopWords, len(o.StopWords))
	}
	if len(o.StopWords) > maxStopWords {
		return recipe.Bad("stop_words", "names %d words; at most %d are possible", len(o.StopWords), maxStopWords)
	}
	return nil
}

const maxStopWords = 64 // they are bits of a number

const qualityName = "gopher_quality"

// Quality is the step gopher_quality. Goroutines may share it.
type Quality struct {
	o     QualityOptions
	stops map[uint64][]int // by hash, their numbers in StopWords
	stop  [4]uint64        // the low bits of their hashes
	// english is set where the stop words are those that are published.
	english bool
}

// NewQuality makes the step.
func NewQuality(o QualityOptions) (*Quality, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	q := &Quality{o: o, stops: map[uint64][]int{}, english: slices.Equal(o.StopWords, englishStopWords)}
	for i, w := range o.StopWords {
		h := words.Hash([]byte(w))
		q.stops[h] = append(q.stops[h], i)
		q.stop[h>>6&3] |= 1 << (h & 63)
	}
	return q, nil
}

// Worker returns the step for one goroutine.
func (q *Quality) Worker() document.Step { return q }

// Name is gopher_quality.
func (q *Quality) Name() string { return qualityName }

// Apply drops the document if it breaks a rule.
func (q *Quality) Apply(d *document.Document) {
	list, text := d.Words().Words, d.Text()
	plain, length, alphabetic := countWords(text, list)
	mean := ratio(length, plain)
	switch {
	case under(d, qualityName, "min_words", float64(plain), float64(q.o.MinWords)):
	case over(d, qualityName, "max_words", float64(plain), float64(q.o.MaxWords)):
	case !unspaced(d) && under(d, qualityName, "min_mean_length", mean, q.o.MinMeanLength):
	case over(d, qualityName, "max_mean_length", mean, q.o.MaxMeanLength):
	case over(d, qualityName, "max_hashes", ratio(bytes.Count(text, []byte("#")), len(list)), q.o.MaxHashes):
	case over(d, qualityName, "max_ellipses", ratio(ellipses(text), len(list)), q.o.MaxEllipses):
	case q.badLines(d):
	case under(d, qualityName, "min_alphabetic", ratio(alphabetic, len(list)), q.o.MinAlphabetic):
	case q.english && foreign(d):
	default:
		under(d, qualityName, "min_stop_words", float64(q.stopWords(text, list)), float64(q.o.MinStopWords))
	}
}

// countWords counts words that are not symbols, their characters, and words with
// a letter.
func countWords(text []byte, list []words.Word) (plain, length, alphabetic int) {
	for i := range list {
		w := &list[i]
		if w.Class&words.Letter != 0 {
			alphabetic++
			plain++
			length += int(w.Runes)
		} else if w.End-w.Start > 1 && !symbols(w.Text(text)) || w.Class == words.Digit && w.End-w.Start == 1 {
			plain++
			length += int(w.Runes)
		}
	}
	return plain, length, alphabetic
}

func ellipses(text []byte) int {
	return bytes.Count(text, []byte("...")) + bytes.Count(text, []byte("…"))
}

// badLines applies the two rules about lines.
func (q *Quality) badLines(d *document.Document) bool {
	if q.o.MaxBulletLines == 0 && q.o.MaxEllipsisLines == 0 {
		return false
	}
	n, bullets, open := 0, 0, 0
	for l := linesOf(d.Text()); l.scan(); n++ {
		line := l.text[l.start:l.end]
		if start := trimLeft(line); bytes.HasPrefix(start, []byte("-")) || bytes.HasPrefix(start, []byte("•")) {
			bullets++
		}
		if end := trimRight(line); bytes.HasSuffix(end, []byte("...")) || bytes.HasSuffix(end, []byte("…")) {
			open++
		}
	}
	return over(d, qualityName, "max_bullet_lines", ratio(bullets, n), q.o.MaxBulletLines) ||
		over(d, qualityName, "max_ellipsis_lines", ratio(open, n), q.o.MaxEllipsisLines)
}

// stopWords counts the different stop words, at most those that are asked for.
func (q *Quality) stopWords(text []byte, list []words.Word) int {
	var found uint64
	n := 0
	for i := range list {
		w := &list[i]
		if q.stop[w.Hash>>6&3]>>(w.Hash&63)&1 == 0 {
			continue
		}
		for _, at := range q.stops[w.Hash] {
			if found>>at&1 == 0 && string(w.Text(text)) == q.o.StopWords[at] {
				found |= 1 << at
				if n++; n >= q.o.MinStopWords {
					return n
				}
			}
		}
	}
	return n
}

// symbols reports whether a word is made of what datatrove counts as punctuation
// alone. Signs such as the bullet or the degree are not, nor is a digit but for
// one that is.
func symbols(word []byte) bool {
	for len(word) > 0 {
		c := word[0]
		if c < utf8.RuneSelf {
			if '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
				return false
			}
			word = word[1:]
			continue
		}
		r, size := utf8.DecodeRune(word)
		if !otherSymbol(r) {
			return false
		}
		word = word[size:]
	}
	return true
}

// symbolsOnly are the signs beyond ASCII that count as punctuation, besides those
// that end a sentence.
const symbolsOnly = "«´»–—’“”„…∶━►、。〈〉《》「」【】！％（），．１：；？～"

func otherSymbol(r rune) bool {
	return r < 0xa0 || strings.ContainsRune(symbolsOnly, r) || terminal(r)
}

// terminal reports whether a character ends a sentence: Unicode's
// Sentence_Terminal and five Khmer signs.
func terminal(r rune) bool {
	return unicode.Is(unicode.Sentence_Terminal, r) || 0x17d4 <= r && r <= 0x17da && r != 0x17d7 && r != 0x17d8
}
