package code

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// readSmall returns the first bytes of a file, up to n, or "" for no such file.
func readSmall(name string, n int64) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, n))
	if err != nil {
		return ""
	}
	return string(content)
}

// gitDir returns the directory in which Git keeps what it knows of the work tree
// at dir, or "" if dir is none.
func gitDir(dir string) string {
	name := filepath.Join(dir, ".git")
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return ""
	case info.IsDir():
		if _, err := os.Stat(filepath.Join(name, "HEAD")); err != nil {
			return ""
		}
		return name
	}
	link, ok := strings.CutPrefix(readSmall(name, 4096), "gitdir: ")
	if !ok {
		return ""
	}
	link = strings.TrimRight(link, "\r\n")
	if !filepath.IsAbs(link) {
		link = filepath.Join(dir, link)
	}
	return link
}

// workTree returns the nearest directory from dir upward that is a work tree,
// and its Git directory; "" if there is none.
func workTree(dir string) (top, git string) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", ""
	}
	for {
		if git := gitDir(dir); git != "" {
			return dir, git
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", ""
		}
		dir = parent
	}
}

// headCommit returns the hash of the commit that HEAD means, or "".
func headCommit(git string) string {
	common := git // that of the repository, if this is one of its work trees
	if link := strings.TrimRight(readSmall(filepath.Join(git, "commondir"), 4096), "\r\n"); link != "" {
		common = link
		if !filepath.IsAbs(link) {
			common = filepath.Join(git, link)
		}
	}
	value := readSmall(filepath.Join(git, "HEAD"), 4096)
	for range 5 { // of symbolic names
		value = strings.TrimSpace(value)
		if isHash(value) {
			return value
		}
		name, ok := strings.CutPrefix(value, "ref: ")
		if !ok || !filepath.IsLocal(name) {
			return ""
		}
		if value = readSmall(filepath.Join(common, filepath.FromSlash(name)), 4096); value == "" {
			value = packedRef(common, name)
		}
	}
	return ""
}

// maxPackedRefs bounds the file of packed references, in bytes.
const maxPackedRefs = 64 << 20

func packedRef(common, name string) string {
	for line := range strings.Lines(readSmall(filepath.Join(common, "packed-refs"), maxPackedRefs)) {
		hash, of, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if ok && of == name && isHash(hash) {
			return hash
		}
	}
	return ""
}

func isHash(text string) bool {
	return (len(text) == 40 || len(text) == 64) && strings.Trim(text, "0123456789abcdef") == ""
}
