package sandbox

import (
	"context"
	"errors"
)

type system struct{}

var errSystem = errors.New("sandbox: not ready")

func open(Options) (*Sandbox, error) { return nil, errSystem }

func (*system) run(context.Context, Program) (Outcome, error) { return Outcome{}, errSystem }

func (*system) prepare(context.Context, string) error { return errSystem }

func (*system) languages() []string { return nil }

func check() Report { return Report{Missing: errSystem} }
