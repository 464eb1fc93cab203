package cli

import (
	"context"
	"errors"
)

// openJudge opens the model that judges by rubrics.
func (a *app) openJudge(context.Context, *graders, *evalFlags) error {
	return errors.New("--judge: not yet")
}
