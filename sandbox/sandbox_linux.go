package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// system is a Sandbox on Linux.
type system struct {
	bwrap    *bubblewrap
	stage    string // this program
	dynamic  bool   // and it needs shared libraries
	libs     *libraries
	filter   []byte
	starter  *starter
	limits   Limits
	slots    chan struct{}
	landlock int // version of the kernel's interface
	python   *toolchain
	noPython error
	golang   *golang
	noGo     error

	mu         sync.Mutex
	goPrepared *toolchain
}

func open(o Options) (*Sandbox, error) {
	limits := o.Limits.or(defaults)
	if err := limits.check(); err != nil {
		return nil, err
	}
	s := &Sandbox{}
	if err := s.isolate(limits, o.Parallel); err != nil {
		return nil, fmt.Errorf("sandbox: code is not run here: %w", err)
	}
	s.findLanguages(o)
	runtime.AddCleanup(s, (*starter).close, s.starter)
	return s, nil
}

// isolate finds and tries what isolation is made of.
func (s *system) isolate(limits Limits, parallel int) (err error) {
	if parallel <= 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	s.limits, s.slots = limits, make(chan struct{}, parallel)
	if s.bwrap, err = findBwrap(); err != nil {
		return err
	}
	if s.libs, err = findLibraries(); err != nil {
		return err
	}
	program, err := filter()
	if err != nil {
		return err
	}
	if s.filter, err = encodeFilter(program); err != nil {
		return err
	}
	if s.stage, err = os.Executable(); err != nil {
		return err
	}
	if s.dynamic, err = isDynamic(s.stage); err != nil {
		return err
	}
	if !canWatch() {
		return errors.New("/proc has no lists of children (CONFIG_PROC_CHILDREN), without which memory cannot be watched")
	}
	if s.starter, err = newStarter(); err != nil {
		return err
	}
	_, last, err := s.runJob(context.Background(), nil, &job{Limits: limits}, "")
	if err != nil {
		s.starter.close()
		return explain(err)
	}
	s.landlock = last.Landlock
	return nil
}

// canWatch reports whether the watchdog can find a process's children.
func canWatch() bool {
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	return len(lists) > 0
}

// explain adds what helps where a system does not allow the namespaces.
func explain(err error) error {
	said := err.Error()
	switch {
	case strings.Contains(said, "setting up uid map") || strings.Contains(said, "namespace") || strings.Contains(said, "loopback"):
		return fmt.Errorf("%w\nunprivileged user namespaces are not to be had: on Ubuntu 24.04 sysctl kernel.apparmor_restrict_unprivileged_userns=0 or a profile for bwrap, on Debian sysctl kernel.unprivileged_userns_clone=1, elsewhere user.max_user_namespaces above 0; in Docker --security-opt seccomp=unconfined --security-opt apparmor=unconfined", err)
	case strings.Contains(said, "mount"):
		return fmt.Errorf("%w\nmounts are not allowed here: in Docker --security-opt seccomp=unconfined --security-opt apparmor=unconfined", err)
	}
	return err
}

// findLanguages looks for Python and Go. One that is not there is an error of
// Run only.
func (s *system) findLanguages(o Options) {
	var wait sync.WaitGroup
	wait.Go(func() {
		if s.python, s.noPython = findPython(o.Python, s.libs); s.noPython == nil {
			s.noPython = s.tryPython()
		}
	})
	wait.Go(func() {
		var cache string
		if cache, s.noGo = cacheDir(o.Cache); s.noGo == nil {
			s.golang, s.noGo = findGo(o.Go, cache)
		}
	})
	wait.Wait()
}

// tryPython sees that the interpreter finds all its parts in a sandbox.
func (s *system) tryPython() error {
	out, err := s.runWith(context.Background(), s.python, Program{
		Language: Python, Main: "main.py", Files: map[string]string{"main.py": "import json, math\nprint(6 * 7)"}, Limits: s.limits,
	})
	if err != nil {
		return err
	}
	if !out.OK() || out.Stdout != "42\n" {
		return fmt.Errorf("%s does not work in a sandbox: %s%.500s", s.python.name, out.Reason, out.Stderr)
	}
	return nil
}

func (s *system) languages() []string {
	var names []string
	if s.noPython == nil {
		names = append(names, Python)
	}
	if s.noGo == nil {
		names = append(names, Go)
	}
	return names
}

// toolchain is what a language needs, prepared.
func (s *system) toolchain(ctx context.Context, language string) (*toolchain, error) {
	switch language {
	case Python:
		if s.noPython != nil {
			return nil, fmt.Errorf("sandbox: no Python: %w", s.noPython)
		}
		return s.python, nil
	case Go:
		if s.noGo != nil {
			return nil, fmt.Errorf("sandbox: no Go: %w", s.noGo)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.goPrepared == nil {
			t, err := s.golang.prepare(ctx)
			if err != nil {
				return nil, err
			}
			s.goPrepared = t
		}
		return s.goPrepared, nil
	}
	return nil, fmt.Errorf("sandbox: language %q: want %q or %q", language, Python, Go)
}

func (s *system) prepare(ctx context.Context, language string) error {
	_, err := s.toolchain(ctx, language)
	return err
}

func (s *system) run(ctx context.Context, p Program) (Outcome, error) {
	if err := p.check(); err != nil {
		return Outcome{}, err
	}
	p.Limits = p.Limits.or(s.limits)
	if err := p.Limits.check(); err != nil {
		return Outcome{}, err
	}
	t, err := s.toolchain(ctx, p.Language)
	if err != nil {
		return Outcome{}, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return Outcome{}, context.Cause(ctx)
	}
	if ctx.Err() != nil { // both may have been ready
		return Outcome{}, context.Cause(ctx)
	}
	return s.runWith(ctx, t, p)
}

func (s *system) runWith(ctx context.Context, t *toolchain, p Program) (Outcome, error) {
	j := &job{
		Files: map[string][]byte{}, Argv: t.argv(p.Main), Limits: p.Limits, Read: t.read, Reads: t.reads, Unused: t.unused,
		Env: append([]string{"HOME=" + workDir, "TMPDIR=/tmp", "USER=user", "LANG=C.UTF-8", "PATH=/nowhere"}, t.env...),
	}
	for name, content := range p.Files {
		j.Files[name] = []byte(content)
	}
	if t.libs {
		j.Read = append(slices.Clone(t.read), s.libs.read...)
	}
	if t.build != nil {
		j.Build = t.build(slices.Sorted(maps.Keys(p.Files)))
	}
	out, _, err := s.runJob(ctx, t, j, p.Stdin)
	return out, err
}
