package code

import (
	"bytes"
	"strings"
)

// rule is a line of a .gitignore file.
type rule struct {
	negated bool
	onlyDir bool
	name    string   // a pattern for the last component, anywhere below
	path    []string // or one for the whole path below the file's directory,
	prefix  string   // after these characters
}

// maxIgnore bounds a .gitignore file, in bytes; what is beyond has no effect.
const maxIgnore = 1 << 20

// parseIgnore reads a .gitignore file.
func parseIgnore(content []byte) []rule {
	content = bytes.TrimPrefix(content[:min(len(content), maxIgnore)], []byte("\xef\xbb\xbf"))
	var rules []rule
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if r, ok := parseRule(trimTrailing(line)); ok {
			rules = append(rules, r)
		}
	}
	return rules
}

// trimTrailing takes spaces off the end, but for one after a backslash.
func trimTrailing(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case ' ':
			continue
		case '\\':
			i++
		}
		end = min(i+1, len(line))
	}
	return line[:end]
}

func parseRule(line string) (rule, bool) {
	var r rule
	line, r.negated = strings.CutPrefix(line, "!")
	line, r.onlyDir = strings.CutSuffix(line, "/")
	if line == "" {
		return r, false
	}
	if !strings.Contains(line, "/") {
		r.name = line
		return r, true
	}
	line = strings.TrimPrefix(line, "/")
	// Git compares the characters before the first special one by themselves: two
	// asterisks right after them count as a component's first.
	if i := strings.IndexAny(line, `*?[\`); i > 0 && line[i-1] != '/' && strings.HasPrefix(line[i:], "**") {
		if rest := strings.TrimLeft(line[i:], "*"); rest == "" || rest[0] == '/' {
			r.prefix, line = line[:i], line[i:]
		}
	}
	r.path = splitPattern(line)
	for i, part := range r.path {
		if len(part) > 1 && strings.Trim(part, "*") == "" {
			r.path[i] = "**"
		}
	}
	return r, true
}

// splitPattern divides a pattern at slashes, but for those in classes, which
// match nothing.
func splitPattern(pattern string) []string {
	var parts []string
	begin := 0
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '[':
			if width, _ := matchClass(pattern[i:], 0); width > 0 {
				i += width - 1
			}
		case '\\':
			if strings.HasPrefix(pattern[i+1:], "/") { // it is a slash as any other
				parts = append(parts, pattern[begin:i])
				begin = i + 2
			}
			i++
		case '/':
			parts = append(parts, pattern[begin:i])
			begin = i + 1
		}
	}
	return append(parts, pattern[begin:])
}

// matches says whether a rule matches a path below the directory of its file.
func (r *rule) matches(path []string, isDir bool) bool {
	switch {
	case r.onlyDir && !isDir:
		return false
	case r.path == nil:
		return matchName(r.name, path[len(path)-1])
	}
	if r.prefix != "" {
		rest, ok := strings.CutPrefix(strings.Join(path, "/"), r.prefix)
		return ok && matchPath(r.path, strings.Split(rest, "/"))
	}
	return matchPath(r.path, path)
}

// ignoreFile is the .gitignore file of a directory.
type ignoreFile struct {
	rules []rule
	above []string // components from its directory down to the root of the tree
	depth int      // or of its directory below the root
}

// ignored says whether the files, those of outer directories first, leave a path
// below the root out: the last rule that matches decides.
func ignored(files []ignoreFile, path []string, isDir bool) bool {
	for i := len(files) - 1; i >= 0; i-- {
		f := &files[i]
		below := path[f.depth:]
		if len(f.above) > 0 {
			below = append(f.above[:len(f.above):len(f.above)], path...)
		}
		for k := len(f.rules) - 1; k >= 0; k-- {
			if f.rules[k].matches(below, isDir) {
				return !f.rules[k].negated
			}
		}
	}
	return false
}
