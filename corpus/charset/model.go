package charset

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"sync"
	"unicode"
)

//go:embed charset.bin
var modelFile []byte

// A family is a group of languages that share code pages. Its model is the
// cost, in sixteenths of a nat, of one class of characters behind another.
type family struct {
	letters map[rune]uint8 // classes of lower-case letters beyond ASCII
	classes int
	cost    []uint8 // [before][after]
	latin   bool
}

// Classes of characters; letters follow.
const (
	classBreak  = 0 // spaces, digits, ASCII punctuation
	classMark   = 1 // typographic marks beyond ASCII
	classOdd    = 2 // all else
	classLetter = 3
)

// nat is the unit of costs.
const nat = 16

// marks are the signs beyond ASCII that text often has.
var marks = func() map[rune]bool {
	m := map[rune]bool{}
	for _, r := range "\u00a0«»“”„‘’‚‹›–—…·•©®°§№€£¡¿ªº؟،؛" {
		m[r] = true
	}
	return m
}()

// class returns the class of a character in a family.
func (f *family) class(r rune) uint8 {
	switch {
	case r < 0x80:
		switch c := r | 0x20; {
		case c < 'a' || c > 'z':
			return classBreak
		case f.latin:
			return classLetter + uint8(c-'a')
		}
		return classLetter
	case marks[r]:
		return classMark
	}
	if c, ok := f.letters[unicode.ToLower(r)]; ok {
		return c
	}
	return classOdd
}

// first is the class of the first letter beyond ASCII.
func (f *family) first() int {
	if f.latin {
		return classLetter + 26
	}
	return classLetter + 1
}

// model is what charset.bin holds.
type model struct {
	families map[string]*family
	common   map[string]map[rune]uint8 // costs of characters in sixteenths of a nat, by language
}

var load = sync.OnceValue(func() *model {
	m, err := readModel(modelFile)
	if err != nil {
		panic("charset: " + err.Error()) // the file is part of the program
	}
	return m
})

const modelMagic = "charset1"

// readModel reads a model as Train writes it: after the magic, families and
// tables of characters, each with its name. Strings have their length before
// them.
func readModel(b []byte) (*model, error) {
	r := &fileReader{b: b}
	if string(r.take(len(modelMagic))) != modelMagic {
		return nil, errors.New("the model is no model")
	}
	m := &model{families: map[string]*family{}, common: map[string]map[rune]uint8{}}
	for range r.number() {
		name := r.text()
		f := &family{latin: r.number() == 1, letters: map[rune]uint8{}}
		for _, letter := range r.text() {
			f.letters[letter] = uint8(f.first() + len(f.letters))
		}
		f.classes = f.first() + len(f.letters)
		f.cost = r.take(f.classes * f.classes)
		m.families[name] = f
	}
	for range r.number() {
		name, runes := r.text(), []rune(r.text())
		table := map[rune]uint8{}
		for i, cost := range r.take(len(runes)) {
			table[runes[i]] = cost
		}
		m.common[name] = table
	}
	if r.short || len(r.b) > 0 {
		return nil, errors.New("the model has another length than it says")
	}
	return m, nil
}

type fileReader struct {
	b     []byte
	short bool
}

func (r *fileReader) take(n int) []byte {
	if n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	part := r.b[:n]
	r.b = r.b[n:]
	return part
}

func (r *fileReader) number() int {
	b := r.take(2)
	if b == nil {
		return 0
	}
	return int(binary.LittleEndian.Uint16(b))
}

func (r *fileReader) text() string { return string(r.take(r.number())) }
