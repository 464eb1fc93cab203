package code

import (
	_ "embed"
	"path"
	"strings"
	"sync"
)

//go:embed languages.txt
var languageTable string

// languages is the table by what names a language.
type languages struct {
	extensions, names, interpreters map[string][]string
	known                           map[string]bool
}

var table = sync.OnceValue(func() *languages {
	t := &languages{map[string][]string{}, map[string][]string{}, map[string][]string{}, map[string]bool{}}
	for line := range strings.Lines(languageTable) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
		name := fields[0]
		t.known[name] = true
		for i, index := range []map[string][]string{t.extensions, t.names, t.interpreters} {
			for _, key := range strings.Fields(fields[i+1]) {
				index[key] = append(index[key], name)
			}
		}
	}
	return t
})

// IsLanguage says whether there is a language of that name, such as "Go" or "C++".
func IsLanguage(name string) bool { return table().known[name] }

// Language returns the language of a file, with the names of github-linguist,
// and how sure that is, in [0, 1]: 1 by a name or an ending that means no other
// language, less where the content had to decide. It is "" for one not known.
func Language(name string, content []byte) (language string, score float32) {
	t := table()
	base := path.Base(name)
	head := content[:min(len(content), headBytes)]
	if of := t.names[base]; len(of) > 0 {
		return of[0], 1
	}
	if language, ok := modeline(content); ok {
		return language, 0.9
	}
	candidates := t.byEnding(base)
	switch {
	case len(candidates) == 1:
		return candidates[0], 1
	case len(candidates) > 1:
		if language := choose(candidates, head); language != "" {
			return language, 0.9
		}
		return candidates[0], 0.5
	}
	if of := t.interpreters[interpreter(head)]; len(of) > 0 {
		return of[0], 0.9
	}
	if base, _, _ := strings.Cut(base, "."); base != "" && len(t.names[base]) > 0 && isStem(base) {
		return t.names[base][0], 0.8 // Dockerfile.dev, Makefile.linux
	}
	return byContent(head)
}

// headBytes is how much of a file the language is looked for in.
const headBytes = 16 << 10

// isStem says whether names that begin so are of the same kind.
func isStem(base string) bool {
	switch base {
	case "Dockerfile", "Containerfile", "Makefile", "makefile", "GNUmakefile", "Jenkinsfile", "Vagrantfile", "README", "LICENSE", "COPYING":
		return true
	}
	return false
}

// byEnding returns the languages of the longest ending that is known, as it is
// or else in lower case.
func (t *languages) byEnding(base string) []string {
	for _, name := range []string{base, strings.ToLower(base)} {
		for rest := strings.TrimPrefix(name, "."); ; {
			_, ending, ok := strings.Cut(rest, ".")
			if !ok {
				break
			}
			if of := t.extensions[ending]; len(of) > 0 {
				return of
			}
			rest = ending
		}
	}
	return nil
}

// interpreter returns the program that a "#!" line names, without its version.
func interpreter(head []byte) string {
	line, _, _ := strings.Cut(string(head[:min(len(head), 512)]), "\n")
	line, ok := strings.CutPrefix(line, "#!")
	if !ok {
		return ""
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return ""
	}
	program := path.Base(words[0])
	if program == "env" {
		program = ""
		for _, word := range words[1:] {
			if !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
				program = path.Base(word)
				break
			}
		}
	}
	if table().interpreters[program] != nil {
		return program
	}
	return strings.TrimRight(program, "0123456789.-")
}
