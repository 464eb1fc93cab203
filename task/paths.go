package task

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/polymath-lm/polymath/internal/recipe"
)

// formatPaths is the format of files that are rows by their names.
const formatPaths = "paths"

// pathRow adds the row of a file that is not read.
func (r *rows) pathRow(file string, number int) error {
	dir := r.options.DataDir
	if relative, err := filepath.Rel(dir, file); dir != "" && err == nil && filepath.IsLocal(relative) {
		row := Row{"path": filepath.ToSlash(relative), "folder": filepath.Base(filepath.Dir(file))}
		return r.add(row, file, stem(file), number)
	}
	relative, err := filepath.Rel(r.task.dir, file)
	if err != nil {
		return recipe.Bad(r.key+".files", "%v", err)
	}
	row := Row{"path": "./" + filepath.ToSlash(relative), "folder": filepath.Base(filepath.Dir(file))}
	return r.add(row, file, stem(file), number)
}

// stem is a file's name without directory and ending.
func stem(file string) string {
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// present tells whether the file that Data.Present names for a row is there.
func (r *rows) present(row Row, where string) (bool, error) {
	key := r.key + ".present"
	template := r.templates[key]
	if template == nil {
		return true, nil
	}
	name, err := template.Execute(row)
	if err != nil {
		return false, recipe.Bad(key, "%s: %v", where, err)
	}
	_, f, err := r.task.open(r.options.DataDir, strings.TrimSpace(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, recipe.Bad(key, "%s: %v", where, err)
	}
	return true, f.Close()
}
