package main

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"unicode"
)

// What the class of no language is made of, besides other languages: code of
// the Go distribution, and noise.
const (
	codePieces  = 5000
	noisePieces = 600 // of each kind
)

func (c *collection) addNoise(goroot string) error {
	code, err := codeOfGo(filepath.Join(goroot, "src"))
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(7, 7))
	var noise []string
	for range noisePieces {
		size := 20 + random.IntN(200)
		raw := make([]byte, size)
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		noise = append(noise, base64.StdEncoding.EncodeToString(raw), hex.EncodeToString(raw),
			letters(random, "abcdefghijklmnopqrstuvwxyz", size), letters(random, "asdfghjkl", size), letters(random, "qwertyuiopasdfghjklzxcvbnm    ", size),
			strings.Repeat(letters(random, "abcdefghijklmnopqrstuvwxyz ", 1+random.IntN(4)), size), block(random, size), cyrillic(random, size))
	}
	c.train[""] = map[string][]string{"code": pick(code, codePieces), "noise": noise}
	return nil
}

func letters(random *rand.Rand, from string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = from[random.IntN(len(from))]
	}
	return string(b)
}

func cyrillic(random *rand.Rand, n int) string {
	r := make([]rune, n)
	for i := range r {
		if r[i] = 'а' + rune(random.IntN(32)); random.IntN(7) == 0 {
			r[i] = ' '
		}
	}
	return string(r)
}

// block returns letters of a script that the model does not know.
func block(random *rand.Rand, n int) string {
	tables := []*unicode.RangeTable{unicode.Thai, unicode.Georgian, unicode.Armenian, unicode.Ethiopic, unicode.Devanagari, unicode.Bengali, unicode.Tamil, unicode.Telugu, unicode.Myanmar, unicode.Khmer}
	first := rune(tables[random.IntN(len(tables))].R16[0].Lo)
	r := make([]rune, n)
	for i := range r {
		if r[i] = first + rune(random.IntN(60)); random.IntN(8) == 0 {
			r[i] = ' '
		}
	}
	return string(r)
}

// codeOfGo returns pieces of source files, without comments, which are English.
func codeOfGo(dir string) (pieces []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "vendor") {
			return filepath.SkipDir
		}
		switch filepath.Ext(path) {
		case ".go", ".s", ".js", ".h", ".c", ".bash", ".css":
		default:
			return nil
		}
		content, err := readFile(path)
		if err != nil {
			return err
		}
		var kept []string
		for line := range strings.Lines(string(content)) {
			if before, _, _ := strings.Cut(line, "//"); strings.TrimSpace(before) != "" && !strings.Contains(line, `"`) {
				kept = append(kept, strings.TrimSpace(before))
			}
		}
		for at := 0; at+8 <= len(kept); at += 64 {
			pieces = append(pieces, strings.Join(kept[at:at+8], "\n"))
		}
		return nil
	})
	return pieces, err
}
