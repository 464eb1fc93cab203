package modelfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/memory"
	"github.com/polymath-lm/polymath/model"
	"github.com/polymath-lm/polymath/tensor"
)

// Options says what a conversion makes.
type Options struct {
	// DType is the format of the weights; "" keeps them as they are, and in a
	// directory, which has no formats of blocks, makes BF16 of those.
	DType tensor.DType
	// Experts, Attention, Embeddings and Output are for these weights instead;
	// "" is as DType. Only a GGUF file has different formats.
	Experts, Attention, Embeddings, Output tensor.DType
	// MaxShardBytes is the most that one file of a directory's weights shall
	// hold; 0 = all in one.
	MaxShardBytes int64
	// Force replaces a model that is at the destination.
	Force bool
	// Unchecked leaves out the comparison of what was written with the source.
	Unchecked bool
	// Version of the program, for the manifest.
	Version string
	// Progress is told how far each stage is; nil for nobody. Calls come one
	// after the other.
	Progress func(stage Stage, done, total int64)
}

// Stage is a part of a conversion.
type Stage string

// The stages, in order.
const (
	Reading   Stage = "reading"
	Encoding  Stage = "converting"
	Writing   Stage = "writing"
	Comparing Stage = "comparing"
)

// Conversion is a conversion that has been planned and is ready to run. It
// belongs to one goroutine.
type Conversion struct {
	src, dst string
	toGGUF   bool
	options  Options
	w        *model.Weights
	choice   map[string]tensor.DType // by tensor; "" = as it is
	plan     Plan
	// available is how much memory there is; 0 = unknown.
	available int64
}

// NewConversion opens the model at src and finds out what converting it into dst takes:
// a GGUF file where dst is named so, else a directory. Nothing is written. A
// model or choice that the destination cannot have is an error that says why, and
// so is a destination that exists, unless it is to be replaced. The caller closes
// the Conversion.
func NewConversion(src, dst string, o Options) (*Conversion, error) {
	c := &Conversion{src: src, dst: filepath.Clean(dst), toGGUF: model.IsGGUF(dst), options: o, available: memory.Available()}
	if err := c.checkPaths(); err != nil {
		return nil, err
	}
	if err := c.checkChoices(); err != nil {
		return nil, err
	}
	w, err := model.OpenWeights(src)
	if err != nil {
		return nil, err
	}
	c.w = w
	if err := c.makePlan(); err != nil {
		_ = w.Close() // the other error matters
		return nil, err
	}
	return c, nil
}

// Close closes the source.
func (c *Conversion) Close() error { return c.w.Close() }

// Plan returns what the conversion will make.
func (c *Conversion) Plan() *Plan { return &c.plan }

// checkPaths refuses to write over the source, and over what is no model.
func (c *Conversion) checkPaths() error {
	from, err := os.Stat(c.src)
	if err != nil {
		return err
	}
	to, err := os.Stat(c.dst)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(c.dst)); err != nil {
			return fmt.Errorf("%s cannot be made: %w", c.dst, err)
		}
		return nil
	}
	switch {
	case err != nil:
		return err
	case os.SameFile(from, to):
		return fmt.Errorf("%s is the model to convert; name another destination", c.dst)
	case !c.options.Force:
		return &ExistsError{c.dst}
	}
	if err := CheckOwn(c.src, c.dst); err != nil {
		return err
	}
	switch {
	case c.toGGUF && !to.Mode().IsRegular():
		return fmt.Errorf("%s is no file; it is not replaced", c.dst)
	case !c.toGGUF && !to.IsDir():
		return fmt.Errorf("%s is no directory; a GGUF file's name ends in .gguf", c.dst)
	case !c.toGGUF:
		return checkReplaceable(c.dst)
	}
	return nil
}

// ExistsError is a destination that is there already.
type ExistsError struct{ Path string }

// Error names the destination.
func (e *ExistsError) Error() string { return e.Path + " exists already" }

func (c *Conversion) checkChoices() error {
	o := &c.options
	for _, f := range []struct {
		what string
		d    tensor.DType
	}{{"experts", o.Experts}, {"attention", o.Attention}, {"embeddings", o.Embeddings}, {"output", o.Output}} {
		if f.d != "" && !c.toGGUF {
			return fmt.Errorf("a directory's weights are all of one format: %s cannot have its own; convert to a .gguf file", f.what)
		}
	}
	switch {
	case o.DType.IsBlocked() && !c.toGGUF:
		return fmt.Errorf("a directory has no weights in %s: choose bf16, f16 or f32, or convert to a .gguf file", formatName(o.DType))
	case o.MaxShardBytes != 0 && c.toGGUF:
		return errors.New("a GGUF file is written in one piece: shards are for directories")
	case o.MaxShardBytes < 0:
		return fmt.Errorf("shards of %d bytes are impossible", o.MaxShardBytes)
	}
	return nil
}

// Convert is NewConversion and Run.
func Convert(ctx context.Context, src, dst string, o Options) (*Result, error) {
	c, err := NewConversion(src, dst, o)
	if err != nil {
		return nil, err
	}
	result, err := c.Run(ctx)
	if closeErr := c.Close(); err == nil {
		err = closeErr
	}
	return result, err
}

// Result says what a conversion made.
type Result struct {
	Path    string            // of the model
	Files   map[string]string // SHA-256 in hexadecimal, by name
	Reused  int64             // bytes that an interrupted conversion had made
	Compare *Comparison       // nil if it was left out
}

// Run converts. What an interrupted or failed run has made so far is kept beside
// the destination, in WorkDir; the next run of the same conversion checks it and
// goes on from there. Under the name of the destination there is a whole model or
// what was there before. Ending ctx interrupts.
func (c *Conversion) Run(ctx context.Context) (*Result, error) {
	work, err := openWork(ctx, c)
	if err != nil {
		return nil, err
	}
	defer work.close()
	result := &Result{Path: c.dst}
	made, err := c.write(ctx, work, result)
	if err != nil {
		return nil, err
	}
	result.Reused = work.reused
	if !c.options.Unchecked {
		if result.Compare, err = c.compare(ctx, made, result.Files); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.putInPlace(made); err != nil {
		return nil, err
	}
	return result, work.remove()
}

// putInPlace gives what was made its name, unless something is there by now that
// is not to be replaced.
func (c *Conversion) putInPlace(made string) error {
	if err := c.checkPaths(); err != nil {
		return err
	}
	old := ""
	if _, err := os.Lstat(c.dst); err == nil && !c.toGGUF {
		old = filepath.Join(c.WorkDir(), replacedName)
		if err := atomicfile.Rename(c.dst, old); err != nil {
			return err
		}
	}
	if err := atomicfile.Rename(made, c.dst); err != nil {
		if old != "" {
			err = errors.Join(err, atomicfile.Rename(old, c.dst))
		}
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(c.dst))
}

// WorkDir is the directory beside the destination that holds what is not
// complete.
func (c *Conversion) WorkDir() string { return c.dst + partSuffix }

const partSuffix = ".part"

// IsUnfinished reports whether dir is the WorkDir of a conversion that was
// interrupted or is running.
func IsUnfinished(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, workMark))
	return err == nil && strings.HasSuffix(dir, partSuffix)
}
