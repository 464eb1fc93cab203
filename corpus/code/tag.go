package code

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// TreeTag identifies what a Tree returns: by the names, sizes and times of the
// files, whose contents are not read for it, and by what is left out and why. What
// lies in a directory that is left out is not part of it.
func TreeTag(ctx context.Context, root string, o TreeOptions) (string, error) {
	t, err := OpenTree(root, o)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for {
		e, err := t.walk(ctx)
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(sum.Sum(nil)), nil
		case err != nil:
			return "", err
		}
		if err := e.tag(sum); err != nil {
			return "", err
		}
	}
}

// tag writes what is known of an entry that was not read.
func (e *entry) tag(w io.Writer) error {
	if e.err != nil {
		e.reason = "closed"
	}
	if e.reason != "" {
		fmt.Fprintf(w, "%q %s\n", e.name, e.reason)
		return nil
	}
	info, err := e.Info()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // it went meanwhile
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(w, "%q %d %d %q\n", e.name, info.Size(), info.ModTime().UnixNano(), e.license)
	return err
}
