package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const probeTimeout = 30 * time.Second

// probePython makes an interpreter tell where its parts are. The interpreter
// may be a script that picks one, or belong to a virtual environment: what
// counts is the program that runs, and the directories of its own library.
// Libraries that it loads from elsewhere are found among its mappings.
const probePython = `
import ctypes, hashlib, json, math, os, sys, sysconfig
exe = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
base = {"base": sys.base_prefix, "platbase": sys.base_exec_prefix, "installed_base": sys.base_prefix, "installed_platbase": sys.base_exec_prefix}
dirs = [os.path.realpath(sysconfig.get_path(p, vars=base)) for p in ("stdlib", "platstdlib")]
maps = [line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if "/" in line]
print(json.dumps({"version": list(sys.version_info[:3]), "exe": exe, "dirs": dirs, "maps": sorted(set(maps))}))
`

type pythonParts struct {
	Version [3]int
	Exe     string
	Dirs    []string
	Maps    []string
}

var errNoPython = errors.New("no python3 on PATH; apt-get install python3")

// findPython looks at the machine's interpreter.
func findPython(configured string, libs *libraries) (*toolchain, error) {
	path := configured
	if path == "" {
		var err error
		if path, err = exec.LookPath("python3"); err != nil {
			return nil, errNoPython
		}
	}
	parts, err := askPython(path)
	if err != nil {
		return nil, err
	}
	if parts.Version[0] != 3 || parts.Version[1] < 7 {
		return nil, fmt.Errorf("%s is Python %d.%d; 3.7 or later is needed", path, parts.Version[0], parts.Version[1])
	}
	return mountPython(parts, libs), nil
}

// askPython runs the interpreter outside of a sandbox: it imports nothing from
// where Polymath was started, and loads no libraries that the environment names,
// which a sandbox does not have.
func askPython(path string) (*pythonParts, error) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-I", "-c", probePython)
	if filepath.Base(path) != path {
		var err error
		if cmd.Path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
	}
	cmd.Dir = "/"
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "LD_") })
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w%s", path, err, saidBy(err))
	}
	var parts pythonParts
	if err := json.Unmarshal(out, &parts); err != nil {
		return nil, fmt.Errorf("%s says %.200q: %w", path, out, err)
	}
	return &parts, nil
}

func mountPython(parts *pythonParts, libs *libraries) *toolchain {
	t := &toolchain{
		name: fmt.Sprintf("Python %d.%d.%d (%s)", parts.Version[0], parts.Version[1], parts.Version[2], parts.Exe),
		libs: true,
		env: []string{
			"PYTHONDONTWRITEBYTECODE=1", "PYTHONNOUSERSITE=1", "PYTHONUTF8=1",
			"PYTHONHASHSEED=0", // the order of sets is the same in each run
		},
		argv: func(main string) []string { return []string{parts.Exe, main} },
	}
	paths := append([]string{parts.Exe}, parts.Dirs...)
	for _, file := range parts.Maps {
		if filepath.IsAbs(file) && filepath.Ext(file) != ".py" && file != parts.Exe {
			if dir := filepath.Dir(file); !under(dir, libs.read) && !under(dir, parts.Dirs) && isLibrary(file) {
				paths = append(paths, withLibrary(file))
			}
		}
	}
	for i, path := range paths {
		if under(path, libs.read) || under(path, paths[:i]) {
			continue
		}
		t.mounts = append(t.mounts, mount{path, path})
		t.read = append(t.read, path)
	}
	return t
}

// withLibrary is the directory of a library, which has others that are loaded
// later, but not one that people keep their own files in.
func withLibrary(file string) string {
	dir := filepath.Dir(file)
	if home, err := os.UserHomeDir(); dir == "/" || err == nil && under(home, []string{dir}) {
		return file
	}
	return dir
}

// isLibrary tells libraries from locale archives and caches, by name.
func isLibrary(file string) bool {
	for name := filepath.Base(file); ; {
		ext := filepath.Ext(name)
		if ext == ".so" {
			return true
		}
		if ext == "" {
			return false
		}
		name = name[:len(name)-len(ext)]
	}
}

// saidBy is what a failed command said, for a message.
func saidBy(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Sprintf(": %.500s", exit.Stderr)
	}
	return ""
}
