package code

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sources are files with their contents; the language goes by the ending.
func sources(files map[string]string) []Source {
	var list []Source
	for name, content := range files {
		language, _ := Language(name, []byte(content))
		list = append(list, Source{name, language, []byte(content)})
	}
	return list
}

func orderOf(files []Source) []string {
	var names []string
	for _, i := range InOrder(files) {
		names = append(names, files[i].Path)
	}
	return names
}

func TestInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"Go": {map[string]string{
			"go.mod":             "module example.com/m\n",
			"README.md":          "# m",
			"main.go":            "package main\nimport (\"fmt\"; \"example.com/m/b\")\nfunc main() { fmt.Println(b.B) }\n",
			"a/a_test.go":        "package a\nimport \"testing\"\nfunc TestA(t *testing.T) {}\n",
			"a/z.go":             "package a\nconst A = 1\n",
			"b/b.go":             "package b\nimport \"example.com/m/a\"\nconst B = a.A\n",
			"b/other.go":         "package b\nimport x \"example.com/m/c/d\"\nvar _ = x.D\n",
			"c/d/d.go":           "package d\nconst D = 1\n",
			"c/broken.go":        "package c\nimport (\n",
			"tools/go.mod":       "module example.com/m/tools\n",
			"tools/gen/gen.go":   "package gen\n",
			"tools/cmd/cmd.go":   "package main\nimport _ \"example.com/m/tools/gen\"\n",
			"tools/cmd/doc.go":   "// Command cmd.\npackage main\n",
			"tools/apart/use.go": "package apart\nimport _ \"example.com/m/b\"\n",
		}, "README.md go.mod a/z.go b/b.go c/d/d.go b/other.go main.go a/a_test.go c/broken.go tools/go.mod tools/apart/use.go tools/cmd/doc.go tools/gen/gen.go tools/cmd/cmd.go"},
		"Python": {map[string]string{
			"app/__init__.py": "",
			"app/a.py":        "from . import util\nfrom .deep.low import (x,\n  y)\nimport os, app.other as o\n",
			"app/deep/low.py": "from ..util import z\nx = 1\n",
			"app/other.py":    "import json\n",
			"app/util.py":     "z = 1\n",
			"run.py":          "from app import a\n",
			"src/lib/k.py":    "",
			"src/use.py":      "import lib.k\n",
		}, "app/__init__.py app/util.py app/deep/low.py app/other.py app/a.py run.py src/lib/k.py src/use.py"},
		"scripts": {map[string]string{
			"index.ts":       "import { a } from './lib/a.js'\nimport x from \"react\"\nexport * from './lib/c'\n",
			"lib/a.ts":       "const b = require('../lib/b')\n",
			"lib/b.ts":       "import './a'\n", // a circle
			"lib/c/index.ts": "export const c = await import(\"../d.mjs\")\n",
			"lib/d.mjs":      "export default 1\n",
		}, "lib/b.ts lib/a.ts lib/d.mjs lib/c/index.ts index.ts"},
		"C": {map[string]string{
			"a.c":              "#include \"a.h\"\n#include <stdio.h>\n#include <m/base.h>\nint main(void) { return 0; }\n",
			"a.h":              "#  include \"sub/t.h\"\n",
			"include/m/base.h": "int x;\n",
			"sub/t.h":          "#include \"../a.h\"\n",
			"sub/t.c":          "#include \"t.h\"\n",
		}, "sub/t.h a.h include/m/base.h a.c sub/t.c"},
	} {
		t.Run(name, func(t *testing.T) {
			files := sources(c.files)
			for range 5 {
				rand.Shuffle(len(files), func(i, k int) { files[i], files[k] = files[k], files[i] })
				if got := strings.Join(orderOf(files), " "); got != c.want {
					t.Fatalf("got  %s\nwant %s", got, c.want)
				}
			}
		})
	}
}

// TestInOrderOwn puts this module into order: every package's files stand behind those
// of all packages that it imports, which the compiler has no circle of.
func TestInOrderOwn(t *testing.T) {
	root := filepath.Join("..", "..")
	var files []Source
	for _, dir := range []string{".", "internal/par", "internal/random", "internal/kernel", "task/long", "tensor", "shard", "corpus/code", "corpus/document", "corpus/words", "internal/recipe", "internal/atomicfile"} {
		entries, err := os.ReadDir(filepath.Join(root, dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := filepath.ToSlash(filepath.Join(dir, e.Name()))
			if !strings.HasSuffix(name, ".go") && name != "go.mod" {
				continue
			}
			content, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, Source{name, "Go", content})
		}
	}
	names := orderOf(files)
	place := map[string]int{}
	for i, name := range names {
		place[name] = i
	}
	if len(names) != len(files) || len(place) != len(files) {
		t.Fatalf("%d of %d files are in the order", len(place), len(files))
	}
	for _, pair := range [][2]string{
		{"internal/random/random.go", "task/long/long.go"},
		{"internal/par/par.go", "internal/kernel/product.go"},
		{"shard/writer.go", "corpus/document/document.go"},
		{"corpus/document/document.go", "corpus/code/step.go"},
		{"internal/recipe/bytes.go", "corpus/code/step.go"},
		{"task/long/words.go", "task/long/long_test.go"},
	} {
		if _, ok := place[pair[0]]; ok && place[pair[0]] > place[pair[1]] {
			t.Errorf("%s stands behind %s", pair[0], pair[1])
		}
	}
}

func FuzzInOrder(f *testing.F) {
	f.Add("package a\nimport \"m/b\"", "from .. import x\nimport a.b as c, d", "#include \"../../x.h\"\n", "import('./x')")
	f.Add("package", "from ....", "#include \"\"", "require('.')")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		files := []Source{
			{"go.mod", "", []byte("module m")}, {"b/a.go", "Go", []byte(a)}, {"p/q.py", "Python", []byte(b)}, {"x.c", "C", []byte(c)}, {"s/x.js", "JavaScript", []byte(d)},
		}
		order := InOrder(files)
		slices.Sort(order)
		if fmt.Sprint(order) != "[0 1 2 3 4]" {
			t.Errorf("order %v", order)
		}
	})
}
