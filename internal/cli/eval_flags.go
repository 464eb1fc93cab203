package cli

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/polymath-lm/polymath/eval/exam"
	"github.com/polymath-lm/polymath/task/suite"
)

// evalFlags are the flags of polymath eval.
type evalFlags struct {
	subject       subjectFlags
	suite, data   string
	limit, shots  int
	samples       int
	seed          uint64
	out, report   string
	compare       string
	judge         string // who judges by rubrics
	judgeModel    string // its name at an address
	dryRun, fresh bool
	byLetter      bool // choices are explained and answered by a letter
	blind         bool // images are withheld
	againstBlind  bool // and then another time with the images
	asJSON        bool
	contamination string
	corpus        []string
	examFiles     []string
	lengths       []string          // of long texts, as they are given
	long          suite.LongOptions // for whom they are made
	carbon        float64
	exams         []*exam.Exam // the ready ones and those of examFiles
}

// dataVariable names the directory of the data where the flag does not.
const dataVariable = "POLYMATH_DATA"

func addEvalData(f *pflag.FlagSet, data *string) {
	f.StringVar(data, "data", "", "directory of the tasks' data (default: "+dataVariable+", if it is set)")
}

func addEvalExams(f *pflag.FlagSet, files *[]string) {
	f.StringArrayVar(files, "exam", nil, "file of examinations of your own, besides the ready ones")
}

func addEvalShots(f *pflag.FlagSet, shots *int) {
	f.IntVar(shots, "shots", -1, "solved examples before each item; -1 is as the task says")
}

func addEvalLengths(f *pflag.FlagSet, lengths *[]string) {
	f.StringSliceVar(lengths, "lengths", nil, "lengths of the texts of suite long (default: 1k to 128k, as far as the model's window goes)")
}

// completeSuite completes the last of several names.
func completeSuite(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndex(typed, ",")+1]
	var names []string
	for _, s := range suite.Suites() {
		names = append(names, before+s.Name)
	}
	names = append(names, before+examSuite)
	for _, name := range suite.Names() {
		names = append(names, before+name)
	}
	return names, cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveNoFileComp
}

func (o *evalFlags) check(model string) error {
	switch {
	case o.suite == "":
		return usagef("name what to examine by --suite, such as --suite clone; 'polymath eval list' lists suites and tasks")
	case o.limit < 0 || o.samples < 0 || o.shots < -1:
		return usagef("--limit, --samples and --shots are no numbers below 0, but for --shots -1")
	case o.contamination != "auto" && o.contamination != "off":
		return usagef("--contamination is %q; give auto or off", o.contamination)
	case o.againstBlind && (o.blind || o.compare != ""):
		return usagef("--against-blind puts the items with and without their images; leave out --withhold-images and --compare, or compare runs by 'polymath eval compare'")
	case o.contamination == "off" && len(o.corpus) > 0:
		return usagef("--contamination off and --corpus exclude each other")
	}
	if err := checkJudgeName(o.judge, o.judgeModel); err != nil {
		return err
	}
	return o.subject.check(model)
}

// defaultOut is the directory of a run that is not named.
func (o *evalFlags) defaultOut(model string) string {
	name := shortName(model)
	if o.subject.model != "" {
		name = shortName(o.subject.model)
	}
	name += "-" + clean(o.suite)
	for _, flag := range []struct {
		name  string
		value int
		given bool
	}{{"limit", o.limit, o.limit > 0}, {"shots", o.shots, o.shots >= 0}, {"samples", o.samples, o.samples > 0}} {
		if flag.given {
			name += "-" + flag.name + strconv.Itoa(flag.value)
		}
	}
	if len(o.lengths) > 0 {
		name += "-" + clean(strings.Join(o.lengths, "_"))
	}
	if o.byLetter {
		name += "-explain"
	}
	if o.subject.int8 {
		name += "-int8"
	}
	if o.blind {
		name += blindRun
	}
	return filepath.Join("evals", name)
}

// otherOut is the directory of the run of the model that is compared with, which may have
// the name of the first, as with --adapter.
func (o *evalFlags) otherOut(model string) string {
	out := o.defaultOut(model)
	if filepath.Clean(out) == filepath.Clean(o.out) {
		out += "-other"
	}
	return out
}

// blindRun is the ending of the directory of a run without images.
const blindRun = "-blind"

// sightSuites are the suites that are about what images add.
var sightSuites = []string{"vision", "drawn"}

func aboutSight(suite string) bool { return slices.Contains(sightSuites, strings.TrimSpace(suite)) }

// setAgainstBlind makes up for --against-blind where it is not given: what the suite
// asks for is worth as much as images add.
func (o *evalFlags) setAgainstBlind(given bool) {
	if !given {
		o.againstBlind = slices.ContainsFunc(strings.Split(o.suite, ","), aboutSight) && !o.blind && o.compare == ""
	}
}

// shortName tells models apart by their paths: the last part that says something.
func shortName(path string) string {
	parts := strings.FieldsFunc(filepath.ToSlash(path), func(r rune) bool { return r == '/' })
	for len(parts) > 1 {
		last := parts[len(parts)-1]
		if last != "model" && last != "run" && last != "v1" {
			break
		}
		parts = parts[:len(parts)-1]
	}
	if len(parts) == 0 {
		return "model"
	}
	return clean(strings.TrimSuffix(parts[len(parts)-1], ".gguf"))
}

// clean keeps what stands in a file's name anywhere.
func clean(name string) string {
	const long = 60
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r) {
			return r
		}
		return '_'
	}, name)
	name = strings.TrimLeft(name, ".")
	return name[:min(len(name), long)]
}
