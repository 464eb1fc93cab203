// Command train makes corpus/charset/charset.bin, from which undeclared
// charsets are told apart: how often letters follow each other in the
// languages that share a code page, and how common the characters of Chinese,
// Japanese and Korean are.
//
//	go run ./corpus/charset/train /usr/share/locale corpus/charset/charset.bin
//	go run ./corpus/charset/train /usr/share/locale
//
// It reads the translations of programs that Debian installs below that
// directory (*/LC_MESSAGES/*.mo); the file in the repository was made on
// Debian 12 with 4,200 of them. One message in ten, by its hash, is held out:
// without a file, the program writes how many of those are read back in the
// charset that they were put into.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/polymath-lm/polymath/corpus/charset"
	"golang.org/x/text/encoding/htmlindex"
)

// most is how many bytes of each language are read, so that all weigh alike.
const most = 600 << 10

func main() {
	var err error
	switch len(os.Args) {
	case 2:
		err = check(os.Args[1])
	case 3:
		err = run(os.Args[1], os.Args[2])
	default:
		err = errors.New("usage: train DIRECTORY [FILE]")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir, out string) error {
	var families []charset.Family
	for _, f := range charset.Families() {
		for _, language := range f.Languages {
			text, _, err := messages(dir, language)
			if err != nil {
				return err
			}
			fmt.Printf("%s %s: %d messages\n", f.Name, language, len(text))
			f.Texts = append(f.Texts, text...)
		}
		families = append(families, f)
	}
	model, err := charset.Train(families)
	if err != nil {
		return err
	}
	return os.WriteFile(out, model, 0o644)
}

// check counts held-out messages that come back as they were, by language and
// charset.
func check(dir string) error {
	for _, f := range charset.Families() {
		for _, language := range f.Languages {
			_, held, err := messages(dir, language)
			if err != nil {
				return err
			}
			for _, name := range charset.Pages(f.Name) {
				good, all, wrong := 0, 0, map[string]int{}
				e, err := htmlindex.Get(name)
				if err != nil {
					return err
				}
				for _, m := range held[:min(len(held), 300)] {
					packed, err := e.NewEncoder().String(m)
					if err != nil || utf8.ValidString(packed) {
						continue
					}
					all++
					back, as, _ := charset.Text([]byte(packed), "")
					if string(back) == m {
						good++
					} else {
						wrong[as]++
					}
				}
				if all > 0 {
					fmt.Printf("%s\t%s\t%d of %d\t%.1f%%\t%v\n", language, name, good, all, 100*float64(good)/float64(all), wrong)
				}
			}
		}
	}
	return nil
}

// messages returns the translations into a language, to train and held out.
func messages(dir, language string) (train, held []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, language, "LC_MESSAGES", "*.mo"))
	if err != nil || len(files) == 0 {
		return nil, nil, fmt.Errorf("no translations into %s below %s", language, dir)
	}
	slices.Sort(files)
	size := 0
	seen := map[string]bool{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, nil, err
		}
		used := 0
		for _, m := range translations(content) {
			m = strings.Join(strings.Fields(m), " ")
			if seen[m] || size > most || used > most/8 || !utf8.ValidString(m) || strings.Contains(m, "Content-Type:") {
				continue
			}
			seen[m] = true
			h := fnv.New32a()
			_, _ = h.Write([]byte(m))
			if h.Sum32()%10 == 0 {
				if n := len(m); n >= 60 && n < 300 {
					held = append(held, m)
				}
				continue
			}
			train = append(train, m)
			size += len(m)
			used += len(m)
		}
	}
	return train, held, nil
}

// translations returns the translated texts of a message catalogue of GNU
// gettext (its manual, 11.3).
func translations(b []byte) []string {
	if len(b) < 28 || binary.LittleEndian.Uint32(b) != 0x950412de {
		return nil
	}
	n, table := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[16:])
	var out []string
	for i := range n {
		at := int(table + i*8)
		if at+8 > len(b) {
			break
		}
		size, from := binary.LittleEndian.Uint32(b[at:]), binary.LittleEndian.Uint32(b[at+4:])
		if int(from+size) > len(b) || from+size < from {
			break
		}
		for m := range strings.SplitSeq(string(b[from:from+size]), "\x00") {
			out = append(out, m)
		}
	}
	return out
}
