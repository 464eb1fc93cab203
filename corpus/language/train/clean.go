package main

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// script says which letters most of a text in a language are.
var script = map[string]*unicode.RangeTable{
	"ru": unicode.Cyrillic, "uk": unicode.Cyrillic, "bg": unicode.Cyrillic, "sr": unicode.Cyrillic, "mk": unicode.Cyrillic,
	"el": unicode.Greek, "ar": unicode.Arabic, "fa": unicode.Arabic, "he": unicode.Hebrew, "ko": unicode.Hangul, "zh": unicode.Han,
	"hi": unicode.Devanagari, "mr": unicode.Devanagari, "ne": unicode.Devanagari, "ta": unicode.Tamil, "te": unicode.Telugu, "kn": unicode.Kannada,
	"gu": unicode.Gujarati, "pa": unicode.Gurmukhi, "bn": unicode.Bengali, "as": unicode.Bengali, "km": unicode.Khmer, "dz": unicode.Tibetan,
	"th": unicode.Thai, "ka": unicode.Georgian, "ml": unicode.Malayalam, "si": unicode.Sinhala,
}

// plausible says whether a paragraph may be text in a language: most of it is
// letters, and most of these are of its script.
func plausible(code, text string) bool {
	all, letters, own, kana := 0, 0, 0, 0
	of, ok := script[code]
	if !ok {
		of = unicode.Latin
	}
	for _, r := range text {
		if r != ' ' {
			all++
		}
		if unicode.IsLetter(r) || unicode.IsMark(r) {
			letters++
			if unicode.Is(of, r) {
				own++
			}
			if unicode.In(r, unicode.Hiragana, unicode.Katakana) {
				kana++
			}
		}
	}
	switch {
	case letters*10 < all*7:
		return false
	case code == "ja":
		return kana*5 > letters
	case code == "zh":
		return own*10 > letters*6 && kana == 0
	case of == unicode.Latin:
		return own*10 > letters*9
	}
	return own*10 > letters*6
}

var stop = regexp.MustCompile(`[.!?]+["”»)]* |[。！？]`)

// sentences splits a paragraph and keeps sentences of 20 to 200 characters.
func sentences(text string) (list []string) {
	for text != "" {
		end := len(text)
		if at := stop.FindStringIndex(text); at != nil {
			end = at[1]
		}
		s := strings.TrimSpace(text[:end])
		text = text[end:]
		if n := utf8.RuneCountInString(s); n >= 20 && n <= 200 {
			list = append(list, s)
		}
	}
	return list
}
