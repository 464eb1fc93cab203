package charset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
)

// Family names languages that share code pages, and their texts for Train.
type Family struct {
	Name string
	// Languages are the names of directories of translations.
	Languages []string
	// Latin says that ASCII letters are letters of these languages.
	Latin bool
	// Whole counts characters instead of pairs of letters.
	Whole bool
	Texts []string
}

// Families returns the families that a model has.
func Families() []Family {
	return []Family{
		{Name: "west", Latin: true, Languages: []string{"fr", "de", "es", "it", "pt", "pt_BR", "nl", "sv", "da", "nb", "fi", "ca", "gl", "is", "ga"}},
		{Name: "central", Latin: true, Languages: []string{"pl", "cs", "sk", "hu", "ro", "sl", "hr", "sq"}},
		{Name: "turkish", Latin: true, Languages: []string{"tr"}},
		{Name: "baltic", Latin: true, Languages: []string{"lt", "lv", "et"}},
		{Name: "cyrillic", Languages: []string{"ru", "uk", "bg", "be", "sr", "mk"}},
		{Name: "greek", Languages: []string{"el"}},
		{Name: "hebrew", Languages: []string{"he"}},
		{Name: "arabic", Languages: []string{"ar", "fa"}},
		{Name: "thai", Languages: []string{"th"}},
		{Name: "zh_CN", Whole: true, Languages: []string{"zh_CN"}},
		{Name: "zh_TW", Whole: true, Languages: []string{"zh_TW"}},
		{Name: "ja", Whole: true, Languages: []string{"ja"}},
		{Name: "ko", Whole: true, Languages: []string{"ko"}},
	}
}

// Limits of a model: letters beyond ASCII of a family, and characters of a
// language of many.
const (
	maxLetters = 80
	maxCommon  = 2200
)

// Train returns a model of these texts in the form of charset.bin. It is used
// by the program in the directory train only.
func Train(families []Family) ([]byte, error) {
	var pairs, whole bytes.Buffer
	var counts [2]int
	for _, f := range families {
		if len(f.Texts) == 0 {
			return nil, fmt.Errorf("there is no text for %s", f.Name)
		}
		if f.Whole {
			counts[1]++
			trainWhole(&whole, f)
			continue
		}
		counts[0]++
		trainPairs(&pairs, f)
	}
	out := bytes.NewBufferString(modelMagic)
	writeNumber(out, counts[0])
	out.Write(pairs.Bytes())
	writeNumber(out, counts[1])
	out.Write(whole.Bytes())
	return out.Bytes(), nil
}

// comma letters of Romanian are written with a cedilla in its code pages.
var comma = strings.NewReplacer("ș", "ş", "ț", "ţ", "Ș", "Ş", "Ț", "Ţ")

func trainPairs(out *bytes.Buffer, f Family) {
	letters := frequent(f.Texts, maxLetters, func(r rune) (rune, bool) {
		return unicode.ToLower(r), unicode.IsLetter(r) || unicode.IsMark(r)
	})
	slices.Sort(letters)
	m := family{latin: f.Latin, letters: map[rune]uint8{}}
	for _, r := range letters {
		m.letters[r] = uint8(m.first() + len(m.letters))
	}
	n := m.first() + len(letters)
	counts := make([]float64, n*n)
	for _, text := range f.Texts {
		before := uint8(classBreak)
		for _, r := range comma.Replace(text) + " " {
			c := m.class(r)
			counts[int(before)*n+int(c)]++
			before = c
		}
	}
	writeText(out, f.Name)
	latin := 0
	if f.Latin {
		latin = 1
	}
	writeNumber(out, latin)
	writeText(out, string(letters))
	for a := range n {
		row := counts[a*n : a*n+n]
		total := 0.0
		for b := range row {
			row[b] += 0.2
			total += row[b]
		}
		for b := range row {
			out.WriteByte(costOf(row[b]/total, nat))
		}
	}
}

func trainWhole(out *bytes.Buffer, f Family) {
	counts := map[rune]float64{}
	total := 0.0
	for _, text := range f.Texts {
		for _, r := range text {
			if r >= 0x80 {
				counts[r]++
				total++
			}
		}
	}
	runes := frequent(f.Texts, maxCommon, func(r rune) (rune, bool) { return r, true })
	slices.Sort(runes)
	writeText(out, f.Name)
	writeText(out, string(runes))
	for _, r := range runes {
		out.WriteByte(costOf(counts[r]/total, nat))
	}
}

// frequent returns the most frequent characters beyond ASCII, of those that
// keep lets through.
func frequent(texts []string, most int, keep func(rune) (rune, bool)) []rune {
	counts := map[rune]int{}
	for _, text := range texts {
		for _, r := range comma.Replace(text) {
			if r, ok := keep(r); ok && r >= 0x80 {
				counts[r]++
			}
		}
	}
	var runes []rune
	for r, n := range counts {
		if n >= 5 {
			runes = append(runes, r)
		}
	}
	slices.SortFunc(runes, func(a, b rune) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return int(a - b)
	})
	return runes[:min(len(runes), most)]
}

func costOf(p, unit float64) byte {
	return byte(min(255, math.Round(-math.Log(p)*unit)))
}

func writeNumber(out *bytes.Buffer, n int) {
	out.Write(binary.LittleEndian.AppendUint16(nil, uint16(n)))
}

func writeText(out *bytes.Buffer, s string) {
	writeNumber(out, len(s))
	out.WriteString(s)
}
