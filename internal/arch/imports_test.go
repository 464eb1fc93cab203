package arch

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

const module = "github.com/polymath-lm/polymath"

// order is the one-way street: a package imports only from the lines above its
// own. What a lower line needs from a higher one is passed to it as a function
// or a number by internal/cli. "polymath" is the package at the root.
const order = `
	internal/par  internal/localpage  internal/atomicfile  internal/arch  task/grade/formula  internal/spelling  internal/memory  internal/visible  internal/goroot  internal/random  internal/dialogue  internal/zstdframe  internal/energy  internal/glob
	internal/atomicfile/fault  internal/localpage/browser  task/problem  task/constraint  task/world  task/long
	tensor  tokenizer  picture  chat/jinja
	internal/kernel  tensor/safetensors  tensor/gguf  shard  picture/draw  constrain  chat
	corpus/words  corpus/charset  align/objective
	corpus/document  corpus/extsort  corpus/source  internal/recipe  internal/records  internal/parquetfile  corpus/charset/train
	corpus/extract  corpus/code  corpus/clean  corpus/filter  corpus/language  corpus/quality  corpus/privacy  corpus/secrets  corpus/decontaminate  corpus/dedup  corpus/segment
	corpus/reader  corpus/extract/pdf  corpus/extract/epub  corpus/mixture
	corpus
	model/nn
	model/moe  model/vision
	model
	quantize
	modelfile
	task  task/grade/scene  sandbox  eval/stat  train/optim  train/chart  train/conversation  infer  plan
	align/rubric  align/grounding  plan/cluster  plan/scaling
	task/grade  task/suite  train/checkpoint  align/scalar  align/preference  align/question  plan/page
	train  corpus/report  align/label
	align
	polymath
	eval
	eval/contamination  eval/endpoint  eval/exam  eval/judge  eval/probe
	eval/report
	serve  serve/ui
	internal/cli/interrupt  internal/cli/progress  internal/cli/shell
	internal/cli/quickstart  internal/cli/bench  internal/cli/terminal
	internal/cli
	cmd/polymath
`

// programs are not imported by anything and import what they like: generators,
// benchmarks and examples.
var programs = []string{"internal/kernel/gen", "corpus/language/train", "bench", "examples", "tools", "beam"}

// apart lists packages that must not reach another even through others,
// although it lies above them.
var apart = map[string][]string{
	"train":    {"corpus"},                       // what they share is shard
	"infer":    {"tokenizer", "chat", "corpus"},  // token ids only
	"model":    {"tokenizer", "shard", "corpus"}, // token ids only
	"polymath": {"corpus", "train"},              // the library is small
}

func TestImportOrder(t *testing.T) {
	report(t, checkImports(os.DirFS("../.."), order, apart))
}

func report(t *testing.T, faults []string) {
	t.Helper()
	for _, f := range faults {
		t.Error(f)
	}
}

func isProgram(pkg string) bool {
	return slices.ContainsFunc(programs, func(p string) bool { return pkg == p || strings.HasPrefix(pkg, p+"/") })
}

// checkImports returns what breaks the order or the bans, tests included in
// the order, and packages that the order does not name.
func checkImports(fsys fs.FS, order string, apart map[string][]string) []string {
	line := map[string]int{}
	for i, text := range strings.Split(strings.TrimSpace(order), "\n") {
		for _, pkg := range strings.Fields(text) {
			line[pkg] = i
		}
	}
	var faults []string
	imports := map[string][]string{} // of the package without its tests
	for _, f := range goFiles(fsys, &faults) {
		pkg := f.pkg()
		if isProgram(pkg) {
			continue
		}
		if _, ok := line[pkg]; !ok {
			faults = append(faults, fmt.Sprintf("%s: package %s has no place in the import order of internal/arch", f.name, pkg))
			continue
		}
		for _, spec := range f.syntax.Imports {
			target, own := importOf(spec.Path.Value)
			if !own || f.isTest() && (target == pkg || strings.HasPrefix(target, pkg+"/")) {
				continue // a test may use what lies below its package
			}
			if !f.isTest() {
				imports[pkg] = append(imports[pkg], target)
			}
			if to, ok := line[target]; !ok || to >= line[pkg] {
				faults = append(faults, fmt.Sprintf("%s: %s must not import %s: it is not on a line above", f.name, pkg, target))
			}
		}
	}
	for pkg, banned := range apart {
		faults = append(faults, checkApart(imports, pkg, banned)...)
	}
	return faults
}

// importOf returns the package's path in the module.
func importOf(quoted string) (pkg string, own bool) {
	full, err := strconv.Unquote(quoted)
	if err != nil {
		panic(err) // the parser has seen it
	}
	if full == module {
		return "polymath", true
	}
	return strings.CutPrefix(full, module+"/")
}

// checkApart follows the imports of pkg to the banned packages.
func checkApart(imports map[string][]string, pkg string, banned []string) []string {
	var faults []string
	seen := map[string]bool{}
	var walk func(at, way string)
	walk = func(at, way string) {
		if seen[at] {
			return
		}
		seen[at] = true
		if slices.ContainsFunc(banned, func(b string) bool { return at == b || strings.HasPrefix(at, b+"/") }) {
			faults = append(faults, fmt.Sprintf("%s must not reach %s, and does: %s", pkg, at, way))
		}
		for _, next := range imports[at] {
			walk(next, way+" -> "+next)
		}
	}
	walk(pkg, pkg)
	return faults
}

// TestImportOrderFindsFaults shows that the check is able to fail.
func TestImportOrderFindsFaults(t *testing.T) {
	const small = "low  other\nmiddle\nhigh\npolymath"
	source := func(imports ...string) *fstest.MapFile {
		text := "package p\n"
		for _, i := range imports {
			text += fmt.Sprintf("import _ %q\n", path.Join(module, i))
		}
		return &fstest.MapFile{Data: []byte(text)}
	}
	for _, c := range []struct {
		files fstest.MapFS
		want  string // part of the only fault, or "" for none
	}{
		{fstest.MapFS{"low/a.go": source(), "high/a.go": source("low", "middle"), "middle/a.go": source(), "a.go": source("high")}, ""},
		{fstest.MapFS{"low/a_test.go": source("low", "low/faults")}, ""},
		{fstest.MapFS{"low/a.go": source("high")}, "low must not import high"},
		{fstest.MapFS{"low/a.go": source("other")}, "low must not import other"},
		{fstest.MapFS{"low/a_test.go": source("high")}, "low must not import high"},
		{fstest.MapFS{"low/a.go": source("")}, "low must not import polymath"},
		{fstest.MapFS{"low/a.go": source("bench/peers")}, "low must not import bench/peers"},
		{fstest.MapFS{"new/a.go": source()}, "package new has no place"},
		{fstest.MapFS{"high/a.go": source("middle"), "middle/a.go": source("low")}, "high must not reach low, and does: high -> middle -> low"},
		{fstest.MapFS{"high/a_test.go": source("low")}, ""},
		{fstest.MapFS{"low/a.go": {Data: []byte("package")}}, "low/a.go"},
	} {
		ban := map[string][]string{"high": {"low"}}
		if c.want == "" {
			ban = nil
		}
		faults := checkImports(c.files, small, ban)
		if c.want == "" && len(faults) > 0 || c.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], c.want)) {
			t.Errorf("want %q, got %q", c.want, faults)
		}
	}
}
