package corpus

import (
	"path/filepath"

	"github.com/polymath-lm/polymath/corpus/reader"
	"github.com/polymath-lm/polymath/corpus/source"
	"github.com/polymath-lm/polymath/internal/atomicfile"
	"github.com/polymath-lm/polymath/internal/recipe"
)

// checkOut refuses a source of which all files below a directory are read that the
// build writes to. Where the recipe says which files are meant, those that the
// build writes are left out, see written.
func (s *Source) checkOut(out string) error {
	if s.Format == reader.Tree || len(s.Exclude) > 0 {
		return nil
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	for _, path := range s.patterns() {
		if isRemote(path) {
			continue
		}
		dir, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		if below, err := filepath.Rel(dir, out); err == nil && filepath.IsLocal(below) {
			return recipe.Bad("path", "the build writes to %s, which source %s reads: name another directory with --out, or leave it out with exclude", out, s.Name)
		}
	}
	return nil
}

// reportName is that of the report, which is written beside the manifest.
const reportName = "report.html"

// written are the paths, without links, that a build into the directory out makes
// and its source does not read: the directory itself where it lies below a place of
// the source, and what the build makes in it where it is or holds the place.
func (s *Source) written(out string) []string {
	out = realPath(out)
	var paths []string
	for _, name := range []string{workDir, ShardsDir, ManifestName, FilesName, TokenizerName, reportName, atomicfile.LockName} {
		paths = append(paths, filepath.Join(out, name))
	}
	for _, pattern := range s.patterns() {
		if isRemote(pattern) {
			continue
		}
		if below, err := filepath.Rel(realPath(source.Root(pattern)), out); err == nil && below != "." && filepath.IsLocal(below) {
			return append(paths, out)
		}
	}
	return paths
}

// realPath is the absolute path without links, as far as it is there.
func realPath(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir := filepath.Dir(path); dir != path {
		return filepath.Join(realPath(dir), filepath.Base(path))
	}
	return path
}

// reading says how the source's files are read.
func (s *openSource) reading() reader.Options {
	o := s.spec.reading()
	if o.Format == reader.Tree {
		o.Tree.Without = s.spec.written(s.out)
	}
	return o
}
