package sandbox

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// mount is a file or directory of the machine that a sandbox shows, read only.
type mount struct{ from, to string }

// toolchain is a language as sandboxes have it.
type toolchain struct {
	name   string // and version
	mounts []mount
	reads  []string // what the build may read and the program may not
	read   []string // what the program may read
	libs   bool     // the program needs the machine's shared libraries
	env    []string
	unused int64 // bytes that a program maps and does not touch
	build  func(files []string) [][]string
	argv   func(main string) []string
}

// libraryDirs are where the machine's shared libraries are. What is a link is
// made as a link.
var libraryDirs = []string{"/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/etc/ld.so.cache"}

// libraries are the mounts and links for dynamically linked programs.
type libraries struct {
	mounts []mount
	links  [][2]string // target, name
	read   []string
}

func findLibraries() (*libraries, error) {
	l := &libraries{}
	for _, dir := range libraryDirs {
		info, err := os.Lstat(dir)
		if err != nil {
			continue
		}
		if info.Mode()&os.ModeSymlink != 0 {
			target, err := os.Readlink(dir)
			if err != nil {
				return nil, fmt.Errorf("sandbox: %w", err)
			}
			l.links = append(l.links, [2]string{target, dir})
			continue
		}
		l.mounts = append(l.mounts, mount{dir, dir})
		l.read = append(l.read, dir)
	}
	return l, nil
}

// under reports whether path is one of dirs or below it.
func under(path string, dirs []string) bool {
	for _, dir := range dirs {
		if path == dir || strings.HasPrefix(path, strings.TrimSuffix(dir, "/")+"/") {
			return true
		}
	}
	return false
}

// isDynamic reports whether a program needs shared libraries.
func isDynamic(path string) (bool, error) {
	f, err := elf.Open(path)
	if err != nil {
		return false, fmt.Errorf("sandbox: %s: %w", path, err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return true, nil
		}
	}
	return false, nil
}

// cacheDir is where prepared things are kept.
func cacheDir(configured string) (string, error) {
	if configured != "" {
		return filepath.Abs(configured)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("sandbox: no cache directory for Go's standard library: %w; set Options.Cache", err)
	}
	return filepath.Join(dir, "polymath", "sandbox"), nil
}
