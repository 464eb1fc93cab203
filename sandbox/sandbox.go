// Package sandbox runs programs that a model wrote, in Python and in Go, where
// they can do no harm: in fresh namespaces without a network (bubblewrap), on a
// file system in memory, under Landlock, a seccomp filter, resource limits and
// a watchdog. Where this isolation cannot be had, nothing is run. It needs
// Linux; docs/sandbox.md says what is isolated and what is not.
//
// The program that imports this package is started a second time inside the
// sandbox as its process 1, where the package's init function takes over
// before main: no hook in main is needed.
package sandbox

import (
	"context"
	"time"
)

// Languages that Program.Language may name.
const (
	Python = "python"
	Go     = "go"
)

// Options say how a Sandbox works. The zero value is complete.
type Options struct {
	// Python is the interpreter. "": python3 on PATH.
	Python string
	// Go is the go command. "": go on PATH, or in /usr/local/go/bin.
	Go string
	// Cache is the directory that keeps Go's compiled standard library, some
	// 160 MB. "": polymath/sandbox in the user's cache directory.
	Cache string
	// Parallel is how many programs run at once; more wait. 0: one for each processor.
	Parallel int
	// Limits are those of programs that set none.
	Limits Limits
}

// Program is what to run.
type Program struct {
	Language string            // Python or Go
	Files    map[string]string // contents by relative, slash-separated name
	Main     string            // Python: the file to run. Go: "", or any of the files, which are one package main that imports the standard library only
	Stdin    string
	Limits   Limits // fields that are 0 are taken from the sandbox's
}

// Why a run was ended from outside (Outcome.Reason).
const (
	ReasonWall      = "wall time"
	ReasonCPU       = "CPU time"
	ReasonMemory    = "memory"
	ReasonFiles     = "files"
	ReasonOutput    = "output"
	ReasonBuild     = "build"      // it does not compile; Stderr says why
	ReasonBuildTime = "build time" // compiling took too long
	ReasonKilled    = "killed"     // the sandbox's process 1 died, which a program should not be able to bring about
)

// Outcome is how a run ended. A program that fails is an Outcome and not an error.
type Outcome struct {
	ExitCode  int    // 0-255; -1 where the program did not end by itself
	Signal    string // name of the signal that ended it, such as SIGSEGV
	TimedOut  bool   // Reason is ReasonWall, ReasonCPU or ReasonBuildTime
	Reason    string // "" where the program ended by itself
	Stdout    string // any bytes, as the program wrote them: not safe for a terminal
	Stderr    string
	Truncated bool          // there was more output than Limits.Output
	Wall      time.Duration // from the program's start to its end, compiling not included
	CPU       time.Duration // of all its processes; where Reason is set, until the watchdog last looked
}

// OK reports whether the program ended by itself with exit code 0.
func (o Outcome) OK() bool { return o.Reason == "" && o.Signal == "" && o.ExitCode == 0 }

// Sandbox runs programs. Goroutines may share it.
type Sandbox struct{ system }

// New finds out what the machine has and tries it. The error says what is
// missing and how to install it; without it no program is ever run.
func New(o Options) (*Sandbox, error) { return open(o) }

// Run runs a program and waits until none of its processes is left. It returns
// an error where the sandbox failed or the Program is malformed, and ctx's
// error where that ended it.
func (s *Sandbox) Run(ctx context.Context, p Program) (Outcome, error) { return s.run(ctx, p) }

// Languages are those that Run takes on this machine.
func (s *Sandbox) Languages() []string { return s.languages() }

// Prepare does what a language needs once on a machine, which the first Run
// would do otherwise: for Go, compiling the standard library (up to minutes).
func (s *Sandbox) Prepare(ctx context.Context, language string) error {
	return s.prepare(ctx, language)
}

// Report is what isolation a machine has.
type Report struct {
	Layers    []Layer // from the outermost on
	Languages []Layer // the languages that can be run
	Missing   error   // why New fails; nil where code can be run
}

// Layer is one thing that a sandbox is made of, or lacks.
type Layer struct {
	Name   string // such as "bubblewrap"
	Detail string // its version, or what is missing
	Have   bool
	Remedy string // how to get what is missing, "" where there is no way
}

// Check says what isolation this machine has, what is missing and how to
// install it. It runs the sandbox once.
func Check() Report { return check() }
