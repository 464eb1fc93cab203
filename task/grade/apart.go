package grade

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"

	"github.com/polymath-lm/polymath/sandbox"
)

// pythonApart runs program.py in a process of its own and the tests, which it reads
// from standard input with the secret, in another. It says itself what passes between
// them.
//
//go:embed apart.py
var pythonApart string

// newApart makes the trial of a program in Python whose tests stand apart from it. Of
// what its source continues, the tests have what stands before the last function; that
// one is the program's, even where the language has the name too.
func newApart(program, tests string, s *source) (*trial, error) {
	t := &trial{secret: rand.Text()}
	before, name := s.continued()
	stdin, err := json.Marshal(map[string]string{"secret": t.secret, "tests": tests, "before": before, "name": name})
	t.program = sandbox.Program{
		Language: sandbox.Python, Main: "main.py", Stdin: string(stdin),
		Files: map[string]string{"main.py": pythonApart, "program.py": program},
	}
	return t, err
}

// continued returns the part of the prompt before the last function, and its name;
// nothing of a prompt that the code does not continue.
func (s *source) continued() (before, name string) {
	all := definitions[s.language].FindAllStringSubmatchIndex(s.prompt, -1)
	if !s.continues || len(all) == 0 {
		return "", ""
	}
	last := all[len(all)-1]
	return s.prompt[:last[0]], s.prompt[last[2]:last[3]]
}
