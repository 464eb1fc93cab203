package grade

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"

	"github.com/polymath-lm/polymath/sandbox"
)

// trial is a program that shows whether it came to its end. Exit code 0 alone does
// not: code that ends the program itself, before its tests, would pass. A file of
// ours reads a secret from standard input before any of the answer's code runs,
// starts the program, and writes the secret out once the program has come to its
// last line. The secret is in no file, and is new in each run.
type trial struct {
	secret  string
	program sandbox.Program
}

// pythonStart runs program.py in the module __main__, which has no name of ours.
const pythonStart = `def start():
    import os
    secret = os.read(0, 64)
    with open("program.py", "rb") as file:
        code = compile(file.read(), os.path.abspath("program.py"), "exec", dont_inherit=True)
    space = globals()
    del space["start"]
    exec(code, space)
    os.write(1, secret)


start()
`

// goStart is the file that the compiler gets first, so that its variable is set
// first. NAME begins names that the answer has not.
const goStart = `package main

import (
	NAMEio "io"
	NAMEos "os"
)

var NAMEsecret, _ = NAMEio.ReadAll(NAMEos.Stdin)

func main() {
	NAMEmain()
	NAMEos.Stdout.Write(NAMEsecret)
}
`

func newTrial(language, text string) *trial {
	t := &trial{secret: rand.Text()}
	t.program = sandbox.Program{Language: language, Stdin: t.secret}
	if language == sandbox.Go {
		sum := sha256.Sum256([]byte(text)) // no name that changes, since the compiler's words are kept
		name := "x" + hex.EncodeToString(sum[:8])
		t.program.Main = "a.go"
		t.program.Files = map[string]string{
			"a.go":    strings.ReplaceAll(goStart, "NAME", name),
			"main.go": renameMain(text, name+"main"),
		}
		return t
	}
	t.program.Main = "main.py"
	t.program.Files = map[string]string{"main.py": pythonStart, "program.py": text}
	return t
}

// passed reports whether the program came to its end, and takes the secret out of
// what it said.
func (t *trial) passed(o *sandbox.Outcome) bool {
	said := o.Stdout
	o.Stdout = strings.Replace(said, t.secret, "", 1)
	return o.OK() && o.Stdout != said
}

// renameMain gives the last function main of a file another name. A file without
// one, or that is not Go, does not compile, whatever its names are.
func renameMain(text, name string) string {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	if err != nil {
		return text
	}
	for _, d := range slices.Backward(file.Decls) {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "main" {
			at := f.Name.Pos() - file.FileStart
			return text[:at] + name + text[int(at)+len("main"):]
		}
	}
	return text
}
