package task

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/polymath-lm/polymath/internal/recipe"
	"github.com/polymath-lm/polymath/internal/records"
)

// ErrNoData is wrapped by the errors of Load that say that a task's files are not
// there, or that there is no data directory to look in.
var ErrNoData = errors.New("the data are not there")

// placed is a row, where it is from, and what its data says of it.
type placed struct {
	row                  Row
	where                string
	id, section, cluster string
}

// rows reads the rows of one Data.
type rows struct {
	task      *Task
	options   *LoadOptions
	templates templates
	key       string // of the data
	data      *Data
	list      []placed
}

// read fills the list.
func (r *rows) read() error {
	var err error
	if r.data.Generator != "" {
		err = r.generate()
	} else {
		err = r.files()
	}
	if err != nil {
		return err
	}
	if len(r.list) == 0 {
		from := strings.TrimSpace(strings.Join(append(slices.Clone(r.data.Files), r.data.Generator), " "))
		if r.data.Where != "" {
			from += " for which where gives true"
		}
		return recipe.Bad(r.key, "there are no rows in %s", from)
	}
	return r.name()
}

func (r *rows) generate() error {
	maker, ok := r.options.Generators[r.data.Generator]
	if !ok {
		return recipe.Bad(r.key+".generator", "there is no generator %q", r.data.Generator)
	}
	made, err := maker(r.data.Number, r.data.Seed)
	if err != nil {
		return keyed(r.key+".generator", fmt.Errorf("%s: %w", r.data.Generator, err))
	}
	if len(made) > maxRows {
		return recipe.Bad(r.key+".generator", "%s made more than %d rows", r.data.Generator, maxRows)
	}
	for i, row := range made {
		where := fmt.Sprintf("%s: row %d", r.data.Generator, i)
		if err := r.add(row, where, r.data.Generator, i); err != nil {
			return err
		}
	}
	return nil
}

func (r *rows) files() error {
	var files []string
	for i, file := range r.data.Files {
		found, err := r.match(file)
		if err != nil {
			return keyed(indexed(r.key+".files", i), err)
		}
		files = append(files, found...)
	}
	slices.Sort(files)
	o := records.Options{Format: r.data.Format, Members: r.data.Members, Items: r.data.Items, NoHeader: r.data.NoHeader, Column: "c"}
	for i, file := range slices.Compact(files) {
		if r.data.Format == formatPaths {
			if err := r.pathRow(file, i); err != nil {
				return err
			}
			continue
		}
		err := records.Read(file, o, func(row records.Row) error {
			fields := Row(row.Fields)
			if fields == nil {
				fields = Row{"text": row.Text}
			}
			return r.add(fields, row.Where(), row.Stem(), row.Number)
		})
		var bad *recipe.ValueError
		if errors.As(err, &bad) { // of add, which has said where
			return bad
		}
		if err != nil {
			return recipe.Bad(r.key+".files", "%s: %v", file, err)
		}
	}
	return nil
}

// match lists the files of a pattern. The directory's own name is no pattern.
func (r *rows) match(pattern string) ([]string, error) {
	dir, below, err := r.task.place(r.options.DataDir, pattern)
	if err != nil {
		return nil, err
	}
	found, err := fs.Glob(os.DirFS(dir), path.Clean(below))
	if err != nil {
		return nil, fmt.Errorf("%q is no pattern: %w", pattern, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no file %s: %w", filepath.Join(dir, filepath.FromSlash(below)), ErrNoData)
	}
	for i, name := range found {
		found[i] = filepath.Join(dir, filepath.FromSlash(name))
	}
	return found, nil
}

// place is the directory below which a file of the task is, and its path there,
// with slashes.
func (t *Task) place(dataDir, name string) (dir, below string, err error) {
	if err := checkPath(name); err != nil {
		return "", "", err
	}
	below, own := strings.CutPrefix(name, "./")
	switch {
	case own && t.dir == "":
		return "", "", fmt.Errorf("%q is beside the task's file, and the task is not read from one", name)
	case own:
		return t.dir, below, nil
	case dataDir == "":
		return "", "", fmt.Errorf("%s is below the data directory, and none is given: %w", name, ErrNoData)
	}
	return dataDir, below, nil
}

// add takes a row, as often as Data.Copies says.
func (r *rows) add(row Row, where, file string, number int) error {
	if r.data.Copies == 0 {
		return r.addOne(row, where, file, number)
	}
	for i := range r.data.Copies {
		one := maps.Clone(row)
		one["copy"] = i
		if err := r.addOne(one, where, file, number); err != nil {
			return err
		}
	}
	return nil
}

// addOne takes a row, unless Data.Where or Data.Present leaves it out. Errors have a
// key and say where the row is.
func (r *rows) addOne(row Row, where, file string, number int) error {
	if len(r.list) == maxRows {
		return recipe.Bad(r.key, "%s: there are more than %d rows", where, maxRows)
	}
	p := placed{row: row, where: where}
	if r.data.ID == "" {
		id, err := contentHash(row)
		if err != nil {
			return recipe.Bad(r.key, "%s: %v", where, err)
		}
		p.id = id
	}
	whole := make(Row, len(row)+2)
	whole["file"], whole["number"] = file, number
	for name, value := range row {
		whole[name] = value
	}
	p.row = whole
	if template := r.templates[r.key+".where"]; template != nil {
		text, err := template.Execute(whole)
		if err != nil {
			return recipe.Bad(r.key+".where", "%s: %v", where, err)
		}
		if strings.TrimSpace(text) != "true" {
			return nil
		}
	}
	if there, err := r.present(whole, where); err != nil || !there {
		return err
	}
	r.list = append(r.list, p)
	return nil
}

// contentHash names a row by its fields.
func contentHash(row Row) (string, error) {
	content, err := json.Marshal(row)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8]), nil
}

// name gives the rows their IDs, sections and clusters.
func (r *rows) name() error {
	seen := make(map[string]int, len(r.list))
	for i := range r.list {
		p := &r.list[i]
		for _, one := range []struct {
			key  string
			into *string
		}{{"id", &p.id}, {"section", &p.section}, {"cluster", &p.cluster}} {
			key := r.key + "." + one.key
			template := r.templates[key]
			if template == nil {
				continue
			}
			text, err := template.Execute(p.row)
			if err == nil {
				err = checkName(one.key, text)
			}
			if err != nil {
				return recipe.Bad(key, "%s: %v", p.where, err)
			}
			*one.into = strings.TrimSpace(text)
		}
		if err := r.unlike(p, i, seen); err != nil {
			return err
		}
		if p.cluster == "" {
			p.cluster = p.id
		}
	}
	return nil
}

// unlike sees to it that no two rows have one ID.
func (r *rows) unlike(p *placed, i int, seen map[string]int) error {
	first, twice := seen[p.id]
	if !twice {
		seen[p.id] = i
		return nil
	}
	if r.data.ID != "" {
		return recipe.Bad(r.key+".id", "%s and %s have the same ID %q", r.list[first].where, p.where, p.id)
	}
	base := p.id
	for n := 2; twice; n++ {
		p.id = fmt.Sprintf("%s-%d", base, n)
		_, twice = seen[p.id]
	}
	seen[p.id] = i
	return nil
}

// maxName bounds IDs, sections and clusters in bytes.
const maxName = 500

func checkName(what, text string) error {
	text = strings.TrimSpace(text)
	switch {
	case text == "" && what == "id":
		return errors.New("the ID is empty")
	case len(text) > maxName:
		return fmt.Errorf("it has %d bytes, %d are allowed: shorten it, for instance with hash", len(text), maxName)
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("it has line breaks or other control characters: use hash to name a text")
	}
	return nil
}

// missingData is an error about data that are not there.
type missingData struct{ error }

func (m *missingData) Unwrap() []error { return []error{m.error, ErrNoData} }

// keyed gives an error a key, and keeps that it is about missing data.
func keyed(key string, err error) error {
	bad := recipe.Bad(key, "%v", err)
	if errors.Is(err, ErrNoData) {
		return &missingData{bad}
	}
	return bad
}
