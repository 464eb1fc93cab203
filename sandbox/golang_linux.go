package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// A Go program is compiled by the compiler and linked by the linker as such,
// against archives of the standard library that were made once. That takes
// less than half the time of 'go build', which looks at every package again,
// and the sandbox shows two programs and one directory instead of a GOROOT and
// a cache.

const goDir = "/go" // where a sandbox has them

var errNoGo = errors.New("no go command on PATH or in /usr/local/go/bin; see https://go.dev/dl/")

// golang is the machine's Go, and its standard library once that is prepared.
type golang struct {
	command string
	version string // of the compiler, with its build
	tools   string // directory of compile and link
	cache   string
	name    string
}

func findGo(configured, cache string) (*golang, error) {
	path := configured
	if path == "" {
		var err error
		if path, err = exec.LookPath("go"); err != nil {
			path = "/usr/local/go/bin/go"
			if _, err := os.Stat(path); err != nil {
				return nil, errNoGo
			}
		}
	}
	g := &golang{command: path}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	out, err := g.run(ctx, "env", "GOTOOLDIR", "GOVERSION")
	if err != nil {
		return nil, err
	}
	fields := strings.Split(strings.TrimSpace(out), "\n")
	if len(fields) != 2 {
		return nil, fmt.Errorf("%s env says %.200q", path, out)
	}
	g.tools, g.name = fields[0], fmt.Sprintf("Go %s (%s)", strings.TrimPrefix(fields[1], "go"), path)
	version, err := exec.CommandContext(ctx, filepath.Join(g.tools, "compile"), "-V=full").Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w%s", filepath.Join(g.tools, "compile"), err, saidBy(err))
	}
	g.version = string(version)
	sum := sha256.Sum256([]byte(g.version + runtime.GOARCH))
	g.cache = filepath.Join(cache, fields[1]+"-"+hex.EncodeToString(sum[:8]))
	return g, nil
}

// run runs the go command, outside of a sandbox, on nothing of the user's.
func (g *golang) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, g.command, args...)
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GO111MODULE=on", "GOFLAGS=", "GOWORK=off", "GOPROXY=off",
		"GOTOOLCHAIN=local", "GOENV=off", "GOOS=linux", "GOARCH="+runtime.GOARCH, "GOAMD64=", "GOARM64=", "GOEXPERIMENT=")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w%s", g.command, strings.Join(args, " "), err, saidBy(err))
	}
	return string(out), nil
}

// prepare compiles the standard library into the cache where it is not there,
// and returns Go as sandboxes have it.
func (g *golang) prepare(ctx context.Context) (*toolchain, error) {
	if _, err := os.Stat(g.cache); err != nil {
		if err := g.compileLibrary(ctx); err != nil {
			return nil, fmt.Errorf("sandbox: preparing Go's standard library: %w", err)
		}
	}
	return g.mount(), nil
}

func (g *golang) mount() *toolchain {
	t := &toolchain{
		name: g.name,
		mounts: []mount{
			{filepath.Join(g.tools, "compile"), goDir + "/compile"},
			{filepath.Join(g.tools, "link"), goDir + "/link"},
			{g.cache, goDir + "/std"},
		},
		env:  []string{"GOTRACEBACK=single", "GOMAXPROCS=2"},
		argv: func(string) []string { return []string{buildDir + "/program"} },
		read: []string{buildDir},
		// Its heap grows by 64 MiB, and where that fails the runtime crashes.
		unused: 512 << 20,
		build: func(files []string) [][]string {
			compile := []string{
				goDir + "/compile", "-p", "main", "-complete", "-pack", "-c", "2",
				"-trimpath", workDir, "-importcfg", goDir + "/std/importcfg", "-o", buildDir + "/main.a",
			}
			return [][]string{
				append(compile, files...),
				{goDir + "/link", "-importcfg", goDir + "/std/importcfg", "-buildmode", "exe", "-s", "-w", "-o", buildDir + "/program", buildDir + "/main.a"},
			}
		},
	}
	for _, m := range t.mounts {
		t.reads = append(t.reads, m.to)
	}
	return t
}

// compileLibrary fills the cache's directory, complete or not at all.
func (g *golang) compileLibrary(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(g.cache), 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(g.cache), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	out, err := g.run(ctx, "list", "-export", "-f", "{{if .Export}}{{.ImportPath}} {{.Export}}{{end}}", "std")
	if err != nil {
		return err
	}
	config := strings.Builder{}
	number := 0
	for line := range strings.Lines(out) {
		pkg, archive, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		name := fmt.Sprintf("%d.a", number)
		number++
		if err := linkOrCopy(archive, filepath.Join(temporary, name)); err != nil {
			return err
		}
		fmt.Fprintf(&config, "packagefile %s=%s/std/%s\n", pkg, goDir, name)
	}
	if err := os.WriteFile(filepath.Join(temporary, "importcfg"), []byte(config.String()), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(temporary, 0o755); err != nil { // the sandbox may be somebody else
		return err
	}
	if err := os.Rename(temporary, g.cache); err != nil && !isDir(g.cache) { // another process may have been first
		return err
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// linkOrCopy gives a file of the go command's cache, which removes old files
// and never changes one, a second name.
func linkOrCopy(from, to string) error {
	if info, err := os.Stat(from); err == nil && info.Mode()&0o004 != 0 && os.Link(from, to) == nil {
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
