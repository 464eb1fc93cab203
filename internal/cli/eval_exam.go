package cli

import (
	"slices"
	"strings"

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
