package source

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// hasMeta says whether a path has signs that stand for others.
func hasMeta(p string) bool { return strings.ContainsAny(p, "*?[") }

// Root is the place on disk that a pattern names: the directory below which it
// lists files, or the path itself.
func Root(pattern string) string {
	if _, err := os.Stat(pattern); err == nil {
		return pattern
	}
	root, _ := splitPattern(filepath.ToSlash(pattern))
	return filepath.FromSlash(root)
}

// splitPattern splits a pattern with slashes into the directories before the
// first sign, which name a place, and the rest.
func splitPattern(p string) (root, rest string) {
	parts := strings.Split(p, "/")
	for i, part := range parts {
		if !hasMeta(part) {
			continue
		}
		root = strings.Join(parts[:i], "/")
		if root == "" && i > 0 {
			root = "/"
		}
		if i == 0 {
			root = "."
		}
		return root, strings.Join(parts[i:], "/")
	}
	return p, ""
}

// matcher matches names below a place with a pattern. A nil matcher matches
// all that is not hidden.
type matcher struct{ parts []string }

func newMatcher(pattern string) (*matcher, error) {
	m := &matcher{}
	for part := range strings.SplitSeq(pattern, "/") {
		if part == "" || part == "." {
			continue
		}
		if _, err := path.Match(part, ""); err != nil {
			return nil, errors.New("the pattern has a [ without its ]")
		}
		if part == "**" && len(m.parts) > 0 && m.parts[len(m.parts)-1] == "**" {
			continue
		}
		m.parts = append(m.parts, part)
	}
	if n := len(m.parts); n > 0 && m.parts[n-1] == "**" {
		m.parts = append(m.parts, "*")
	}
	return m, nil
}

// file says whether a file of that name is meant.
func (m *matcher) file(name string) bool {
	if m == nil {
		return !hiddenName(name[strings.LastIndexByte(name, '/')+1:])
	}
	// The last part is no **, and most names fail at it.
	if n := len(m.parts); n > 0 && !matchPart(m.parts[n-1], name[strings.LastIndexByte(name, '/')+1:]) {
		return false
	}
	return match(m.parts, strings.Split(name, "/"), false)
}

// below says whether files in a directory of that name may be meant.
func (m *matcher) below(name string) bool {
	if m == nil {
		return !hiddenName(name[strings.LastIndexByte(name, '/')+1:])
	}
	return match(m.parts, strings.Split(name, "/"), true)
}

// match matches the parts of a pattern with those of a name. With prefix, the
// name need only be the beginning of one that matches. Each state is visited
// once, so many ** cost no more than their number.
func match(pattern, name []string, prefix bool) bool {
	states := make([]bool, len(pattern)+1)
	states[0] = true
	for _, part := range name {
		skipStars(pattern, states)
		next := make([]bool, len(states))
		for i, p := range pattern {
			if !states[i] {
				continue
			}
			if p == "**" {
				next[i] = next[i] || !hiddenName(part)
			} else if matchPart(p, part) {
				next[i+1] = true
			}
		}
		states = next
	}
	if prefix {
		for _, s := range states[:len(pattern)] {
			if s {
				return true
			}
		}
		return false
	}
	skipStars(pattern, states)
	return states[len(pattern)]
}

// skipStars lets each ** stand for no directory.
func skipStars(pattern []string, states []bool) {
	for i, p := range pattern {
		if states[i] && p == "**" {
			states[i+1] = true
		}
	}
}

// matchPart matches one part. What is hidden is meant only by a pattern that
// begins with a dot.
func matchPart(pattern, name string) bool {
	if hiddenName(name) && !hiddenName(pattern) {
		return false
	}
	ok, err := path.Match(pattern, name)
	return err == nil && ok
}

func hiddenName(name string) bool { return strings.HasPrefix(name, ".") }
