package constraint

import (
	"fmt"
	"maps"
	"slices"
	"unicode"
)

// script is what the letters of a language's answers are of, and of what at least one.
type script struct {
	all  []*unicode.RangeTable
	some *unicode.RangeTable
}

func of(t *unicode.RangeTable) *script { return &script{[]*unicode.RangeTable{t}, t} }

// scripts are those of languages that have a script of their own, so that a look at the
// letters tells them. Others, such as English and German, Russian and Bulgarian, share one.
// Han alone may be Chinese, so Japanese needs kana. Some smaller languages use these
// scripts too, as Yiddish does that of Hebrew.
var scripts = map[string]*script{
	"armenian": of(unicode.Armenian), "georgian": of(unicode.Georgian), "greek": of(unicode.Greek),
	"hebrew": of(unicode.Hebrew), "korean": of(unicode.Hangul), "thai": of(unicode.Thai),
	"japanese": {[]*unicode.RangeTable{unicode.Hiragana, unicode.Katakana, unicode.Han, prolonged}, unicode.Hiragana},
}

// prolonged is the sign for long vowels, which is of both kana.
var prolonged = &unicode.RangeTable{R16: []unicode.Range16{{Lo: 0x30FC, Hi: 0x30FC, Stride: 1}}}

// Languages are those that the kind Language tells.
func Languages() []string { return slices.Sorted(maps.Keys(scripts)) }

func (c *Constraint) checkLanguage(answer string) (bool, string) {
	s, some := scripts[c.Text], false
	for _, r := range answer {
		if !unicode.IsLetter(r) {
			continue
		}
		if !unicode.In(r, s.all...) {
			return false, fmt.Sprintf("the letter %q is of another script", r)
		}
		some = some || unicode.Is(s.some, r)
	}
	return because(some, "no letter is of the language's script")
}
