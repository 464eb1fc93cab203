//go:build !linux

package sandbox

import (
	"context"
	"errors"
)

var errSystem = errors.New("sandbox: code is not run here: it needs Linux (namespaces, Landlock, seccomp); a Linux virtual machine or container will do")

type system struct{}

func open(Options) (*Sandbox, error) { return nil, errSystem }

func (*system) run(context.Context, Program) (Outcome, error) { return Outcome{}, errSystem }

func (*system) prepare(context.Context, string) error { return errSystem }

func (*system) languages() []string { return nil }

func check() Report { return Report{Missing: errSystem} }
