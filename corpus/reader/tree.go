package reader

import (
	"context"
	"errors"

	"github.com/polymath-lm/polymath/corpus/document"
	"github.com/polymath-lm/polymath/corpus/source"
)

func openTree(ctx context.Context, f source.File, base document.Origin, opt Options, from Position) (Reader, error) {
	return nil, errors.New("tree")
}
