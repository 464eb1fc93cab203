package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/eval"
	"github.com/polymath-lm/polymath/eval/exam"
	"github.com/polymath-lm/polymath/task"
	"github.com/polymath-lm/polymath/task/suite"
)

// examSuite is the suite of the tasks whose items are those of real examinations,
// which the user has.
const examSuite = "exams"

// findTasks finds suites, tasks and files, with commas between: those of package suite,
// and those of examinations.
func findTasks(names string) ([]*task.Task, error) {
	var found []*task.Task
	var others []string
	for _, name := range strings.Split(names, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		before := len(found)
		for _, t := range exam.Tasks() {
			if (name == examSuite || name == t.Name) && !slices.Contains(found, t) {
				found = append(found, t)
			}
		}
		if len(found) == before && name != examSuite && !slices.ContainsFunc(found, func(t *task.Task) bool { return t.Name == name }) {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		return found, nil
	}
	more, err := suite.Find(strings.Join(others, ","))
	return append(more, found...), err
}

// isTaskFile says that a name of --suite is the path of a file.
func isTaskFile(name string) bool {
	return strings.ContainsAny(name, `/\`) || strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// hasRelative says that a suite has files that are found from this directory alone.
func hasRelative(names string) bool {
	return slices.ContainsFunc(strings.Split(names, ","), func(name string) bool {
		name = strings.TrimSpace(name)
		return isTaskFile(name) && !filepath.IsAbs(name)
	})
}

// suiteOf is the suite of a run, with the paths of its files as they are from here. Files
// that are not where the run found them are taken to lie beside us, as after a move.
func suiteOf(r *eval.Result) string {
	names := strings.Split(r.Suite, ",")
	for i, name := range names {
		name = strings.TrimSpace(name)
		if r.Directory == "" || !isTaskFile(name) || filepath.IsAbs(name) {
			continue
		}
		if path := filepath.Join(r.Directory, name); fileExists(path) || !fileExists(name) {
			names[i] = path
		}
	}
	return strings.Join(names, ",")
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// examsOf are the examinations that results are held against: the ready ones and those
// of the user's files.
func examsOf(files []string) ([]*exam.Exam, error) {
	exams := slices.Clone(exam.All())
	for _, path := range files {
		more, err := exam.ReadFile(path)
		if err != nil {
			return nil, err
		}
		exams = append(exams, more...)
	}
	return exams, nil
}
